//! Clients that are not ours: the AWS CLI, boto3 and the SAM CLI, unmodified.

use anyhow::{Result, ensure};

use crate::commands::Commands;
use crate::scenario::take_down;
use crate::shell::Shell;
use crate::steps::step;

/// Packages an application with the SAM CLI, publishes two versions of it, and prints their numbers.
const SAM_PUBLISH: &str = r#"export AWS_ENDPOINT_URL_S3=$REPOSITORY_S3
bucket=artifacts-of-sam
aws s3 mb s3://$bucket
aws s3api put-bucket-policy --bucket $bucket --policy "$(python tests/repository/operations.py policy $bucket)"
sam package --template-file tests/repository/application.yaml --s3-bucket $bucket --output-template-file "$packaged"
sam publish --template "$packaged"
sam publish --template "$packaged" --semantic-version 1.1.0
application=$(aws serverlessrepo list-applications --query "Applications[?Name=='by-sam'].ApplicationId" --output text)
aws serverlessrepo list-application-versions --application-id "$application" \
  --query "join(' ', Versions[].SemanticVersion)" --output text"#;

/// Uses the local repository with clients that are not ours, and deploys with them as the README says.
pub(crate) async fn run(shell: &Shell<'_>, commands: &Commands) -> Result<()> {
    for client in ["boto3", "aws-cli"] {
        let title = format!("call every operation with {client}");
        let script = format!(
            "export AWS_ENDPOINT_URL_S3=$REPOSITORY_S3
python tests/repository/operations.py {client}"
        );
        step(&title, shell.shell(client, &script)).await?;
    }
    step("validate the template with the SAM CLI", async {
        // As it is written, and as it is published.
        let script = "for template in sar/template.yaml \"$BUNDLE/template.json\"; do
  sam validate --lint --template \"$template\"
done";
        shell.shell("sam-validate", script).await.map(drop)
    })
    .await?;
    step("publish another application with the SAM CLI", async {
        let script = format!(
            "packaged={}/by-sam.yaml\n{SAM_PUBLISH}",
            shell.folder.display()
        );
        let printed = shell.shell("sam-publish", &script).await?;
        let versions = printed.lines().last().unwrap_or_default();
        ensure!(
            versions == "1.0.0 1.1.0",
            "it has these versions: {versions}"
        );
        Ok(())
    })
    .await?;
    step("deploy with the AWS CLI, as the README says", async {
        let printed = shell.readme("aws serverlessrepo").await?;
        ensure!(
            printed.contains("McpFunctionUrl"),
            "the stack has no outputs: {printed}"
        );
        Ok(())
    })
    .await?;
    step("take it down", take_down(commands, "mcp")).await?;
    step("deploy with the SAM CLI, as the README says", async {
        shell.readme("sam deploy").await.map(drop)
    })
    .await?;
    step("take it down", take_down(commands, "mcp-sam")).await
}
