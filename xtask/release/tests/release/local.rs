//! The program `release` against the local cloud's SAR and S3.

use std::process::Output;
use std::sync::Arc;

use local_cloud::{CloudFormation, Config, Credentials, LocalCloud};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::fixture::Fixture;
use crate::proxy::{Faults, Proxy};

/// A checkout, and a local cloud to publish it to by way of proxies.
pub(crate) struct Local {
    pub(crate) fixture: Fixture,
    cloud: LocalCloud,
}

/// How a run of the program ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    /// Standard output, then standard error.
    pub(crate) text: String,
    pub(crate) stdout: String,
}

impl Ended {
    pub(crate) fn new(output: Output) -> Self {
        let stdout = String::from_utf8(output.stdout).unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        Self {
            code: output.status.code(),
            text: format!("{stdout}{stderr}"),
            stdout,
        }
    }
}

impl Local {
    pub(crate) async fn start() -> Self {
        Self::start_with(Fixture::new(), None).await
    }

    /// One that makes stacks at the address `stacks`.
    pub(crate) async fn start_with(fixture: Fixture, stacks: Option<&str>) -> Self {
        // The local cloud wants its functions to be there; nobody calls them.
        for name in ["mcp", "registration"] {
            fixture.write(&format!("target/functions/{name}"), "not called");
        }
        let mut config = Config::new(fixture.root().join("target/functions"));
        config.sample = false;
        config.warm = false;
        config.cloudformation = stacks.map(|endpoint| CloudFormation {
            endpoint: endpoint.to_owned(),
            credentials: Credentials {
                access_key_id: "local".to_owned(),
                secret_access_key: "local".to_owned(),
                session_token: None,
            },
        });
        Self {
            fixture,
            cloud: LocalCloud::start(config).await.unwrap(),
        }
    }

    /// The addresses of the local cloud, as JSON.
    pub(crate) fn endpoints(&self) -> String {
        self.cloud.endpoints().to_json()
    }

    /// Proxies with `faults`, known to the checkout as its local cloud.
    pub(crate) async fn behind(&self, faults: &Arc<Faults>) -> [Proxy; 2] {
        let endpoints = self.cloud.endpoints();
        let s3 = Proxy::start(&endpoints.s3_endpoint, faults).await;
        let repository = &endpoints.serverlessrepo_endpoint;
        let sar = Proxy::start_before(repository, (&endpoints.s3_endpoint, &s3), faults).await;
        let known = json!({
            "serverlessrepoEndpoint": sar.url,
            "s3Endpoint": s3.url,
            "cloudformationEndpoint": endpoints.cloudformation_endpoint,
        });
        self.fixture
            .write("target/local/endpoints.json", &known.to_string());
        [sar, s3]
    }

    /// The program with `arguments`, ready to be started in the checkout.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_release"));
        command
            .args(arguments)
            .arg("--local")
            .current_dir(self.fixture.root())
            .kill_on_drop(true);
        command
    }

    /// Runs the program to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Ended {
        let mut command = self.command(arguments);
        command.stdin(std::process::Stdio::null());
        Ended::new(command.output().await.unwrap())
    }

    /// The same through proxies without faults.
    pub(crate) async fn run_smoothly(&self, arguments: &[&str]) -> Ended {
        let _proxies = self.behind(&Faults::none()).await;
        self.run(arguments).await
    }

    pub(crate) async fn shutdown(self) {
        self.cloud.shutdown().await;
    }
}

/// Publishes what lies in `target/lambda`.
pub(crate) const PUBLISH: [&str; 4] = ["publish", "--binaries", "target/lambda", "--yes"];

#[tokio::test]
async fn a_release_from_nothing_to_drift_and_back() {
    let local = Local::start().await;
    let planned = local
        .run_smoothly(&["publish", "--binaries", "target/lambda", "--plan"])
        .await;
    assert_eq!(planned.code, Some(3), "{}", planned.text);
    let status = local.run_smoothly(&["status"]).await;
    assert_eq!(status.code, Some(3), "{}", status.text);

    let published = local.run_smoothly(&PUBLISH).await;
    assert_eq!(published.code, Some(0), "{}", published.text);
    assert!(published.text.starts_with(planned.stdout.trim_end()));
    // Standard error has a line for each step, those of the uploads in the order in which they ended.
    insta::assert_snapshot!(published.stdout);

    let again = local.run_smoothly(&PUBLISH).await;
    assert_eq!(again.code, Some(0), "{}", again.text);
    insta::assert_snapshot!(again.text, @r"
    arn:aws:serverlessrepo:us-east-1:000000000000:applications/example, version 0.1.0
      nothing to do
    ");
    for command in ["status", "verify"] {
        let same = local.run_smoothly(&[command]).await;
        assert_eq!(same.code, Some(0), "{command}: {}", same.text);
    }

    local.fixture.write("README.md", "# Other\n");
    local.fixture.write("sar/sharing.toml", "public = false\n");
    local
        .fixture
        .edit("sar/template.yaml", "Timeout: 3", "Timeout: 4");
    let status = local.run_smoothly(&["status"]).await;
    assert_eq!(status.code, Some(3), "{}", status.text);
    insta::assert_snapshot!(status.text);

    let shared = local.run_smoothly(&["share", "--yes"]).await;
    assert_eq!(shared.code, Some(0), "{}", shared.text);
    insta::assert_snapshot!(shared.text, @r"
    arn:aws:serverlessrepo:us-east-1:000000000000:applications/example
      1. change who may deploy:
           - everyone
      !  everyone can no longer deploy the application
    done: arn:aws:serverlessrepo:us-east-1:000000000000:applications/example is as wanted
    ");
    local.shutdown().await;
}

#[tokio::test]
async fn a_changed_bundle_does_not_verify() {
    let local = Local::start().await;
    assert_eq!(local.run_smoothly(&PUBLISH).await.code, Some(0));
    local.fixture.compile("two", "other two");
    let packaged = local
        .run_smoothly(&["publish", "--binaries", "target/lambda", "--plan"])
        .await;
    assert_eq!(packaged.code, Some(1));
    insta::assert_snapshot!(packaged.text, @"error: version 0.1.0 is published with other content (code of Two); a published version never changes: give this one a new version in sar/template.yaml and Cargo.toml");
    let verified = local.run_smoothly(&["verify", "--format", "json"]).await;
    assert_eq!(verified.code, Some(3), "{}", verified.text);
    let document: Value = serde_json::from_str(&verified.stdout).unwrap();
    assert_eq!(document["differences"][0]["logicalId"], "Two");
    assert_eq!(document["differences"].as_array().unwrap().len(), 1);
    local.shutdown().await;
}

#[tokio::test]
async fn nothing_is_written_unconfirmed() {
    let local = Local::start().await;
    let faults = Faults::none();
    let _proxies = local.behind(&faults).await;
    let mut command = local.command(&["publish", "--binaries", "target/lambda"]);
    let output = command
        .stdin(std::process::Stdio::null())
        .output()
        .await
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!(String::from_utf8(output.stderr).unwrap(), @"error: nobody is there to confirm this: --yes does it, --plan only shows it");
    let requests = faults.requests();
    assert!(
        requests
            .iter()
            .all(|request| request.starts_with("GET ") || request.starts_with("HEAD "))
    );
    local.shutdown().await;
}

#[tokio::test]
async fn a_plan_is_reported_whether_it_can_be_done_or_not() {
    let local = Local::start().await;
    let plan = [
        "publish",
        "--binaries",
        "target/lambda",
        "--plan",
        "--report",
        "target/report.md",
    ];
    assert_eq!(local.run_smoothly(&plan).await.code, Some(0));
    assert_eq!(local.run_smoothly(&PUBLISH).await.code, Some(0));
    local.fixture.compile("one", "other one");
    assert_eq!(local.run_smoothly(&plan).await.code, Some(0));
    let report = std::fs::read_to_string(local.fixture.root().join("target/report.md")).unwrap();
    insta::assert_snapshot!(report);
    local.shutdown().await;
}

#[tokio::test]
async fn whom_it_is_shared_with_comes_and_goes() {
    let local = Local::start().await;
    assert_eq!(local.run_smoothly(&PUBLISH).await.code, Some(0));
    let fixture = &local.fixture;
    fixture.write(
        "sar/sharing.toml",
        "public = false\naccounts = [\"111111111111\", \"222222222222\"]\norganization = \"o-abcdefghij\"\n",
    );
    let mut said = Vec::new();
    for arguments in [
        &["share", "--plan"][..],
        &["share", "--yes"],
        &["share", "--yes"],
    ] {
        let ended = local.run_smoothly(arguments).await;
        said.push(format!(
            "$ {} -> {:?}\n{}",
            arguments.join(" "),
            ended.code,
            ended.text
        ));
    }
    fixture.write(
        "sar/sharing.toml",
        "public = false\naccounts = [\"222222222222\"]\n",
    );
    let unconfirmed = local.run_smoothly(&["share"]).await;
    said.push(format!(
        "$ share -> {:?}\n{}",
        unconfirmed.code, unconfirmed.text
    ));
    let removed = local
        .run_smoothly(&["share", "--yes", "--format", "json"])
        .await;
    said.push(format!(
        "$ share --yes --format json -> {:?}\n{}",
        removed.code, removed.text
    ));
    insta::assert_snapshot!(said.join("\n"));
    local.shutdown().await;
}

/// Runs `publish` for a region of AWS, and nobody at the terminal; it has to end before anything is asked of AWS.
async fn publish_to_aws(fixture: &Fixture, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_release"));
    command.args(["publish", "--yes", "--region", "eu-west-1"]);
    let output = command
        .args(arguments)
        .current_dir(fixture.root())
        .output()
        .await
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    format!("{:?}\n{said}", output.status.code())
}

#[tokio::test]
async fn a_release_to_aws_starts_from_a_checkout_without_faults() {
    let fixture = Fixture::new();
    fixture.edit("Cargo.toml", "0.1.0", "0.2.0");
    fixture.write("sar/sharing.toml", "public = \"yes\"\n");
    insta::assert_snapshot!(publish_to_aws(&fixture, &[]).await);
}

#[tokio::test]
async fn a_release_to_aws_is_of_the_commit_that_its_tag_names() {
    let fixture = Fixture::new();
    fixture.package();
    fixture.git(&["tag", "v0.1.0"]);
    fixture.write("notes.md", "Later.\n");
    fixture.commit();
    let bundle = ["--bundle", "target/bundle"];
    let mut said = vec![publish_to_aws(&fixture, &bundle).await];
    fixture.git(&["tag", "--delete", "v0.1.0"]);
    fixture.git(&["tag", "--annotate", "v9.9.9", "--message", "Not this one"]);
    said.push(publish_to_aws(&fixture, &bundle).await);
    insta::assert_snapshot!(said.join("\n"));
}

#[tokio::test]
async fn a_bundle_that_is_released_to_aws_is_of_this_commit_and_can_run() {
    let fixture = Fixture::new();
    fixture.package();
    fixture.write("notes.md", "Later.\n");
    fixture.commit();
    let bundle = ["--bundle", "target/bundle"];
    let mut said = vec![publish_to_aws(&fixture, &bundle).await];
    said.push(publish_to_aws(&fixture, &["--fake-binaries"]).await);
    fixture.package();
    let url = ["--endpoint-url", "http://aws.example.com"];
    said.push(publish_to_aws(&fixture, &[bundle, url].concat()).await);
    insta::assert_snapshot!(said.join("\n"));
}
