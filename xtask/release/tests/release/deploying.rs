//! The program `release` deploying, with an emulator of `CloudFormation` that makes nothing.

use std::process::Stdio;

use serde_json::Value;

use crate::emulator::{Emulator, Trouble};
use crate::fixture::Fixture;
use crate::local::{Ended, Local, PUBLISH};
use crate::stacks::{FAILS, REFUSED};

const PARAMETERS: &str = r"Parameters:
  Identifier:
    Type: String
    Default: default
    AllowedPattern: '[a-z]+'
    ConstraintDescription: must be lower-case letters
  LogLevel:
    Type: String
    Default: info
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    Properties:
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
";
const OUTPUTS: &str = "Outputs:
  McpFunctionArn: {Value: {'Fn::GetAtt': [One, Arn]}}
  RegistrationFunctionArn: {Value: {'Fn::GetAtt': [Two, Arn]}}
";

/// A published application, and an emulator to deploy it in.
pub(crate) struct World {
    pub(crate) local: Local,
    emulator: Emulator,
}

impl World {
    pub(crate) async fn new() -> Self {
        let fixture = Fixture::new();
        fixture.edit("sar/template.yaml", "Resources:\n", PARAMETERS);
        let template = fixture.read("sar/template.yaml");
        fixture.write("sar/template.yaml", &(template + OUTPUTS));
        fixture.commit();
        let emulator = Emulator::start().await;
        let local = Local::start_with(fixture, Some(&emulator.url)).await;
        let published = local.run_smoothly(&PUBLISH).await;
        assert_eq!(published.code, Some(0), "{}", published.text);
        Self { local, emulator }
    }

    /// Runs `deploy --stack-name mcp` with other arguments, and nobody at the terminal.
    async fn deploy(&self, arguments: &[&str]) -> Ended {
        let mut all = vec!["deploy", "--stack-name", "mcp"];
        all.extend(arguments);
        self.local.run_smoothly(&all).await
    }

    pub(crate) fn status(&self, stack: &str) -> Option<String> {
        let stacks = self.emulator.stacks();
        stacks.by_name.get(stack).map(|stack| stack.status.clone())
    }

    fn parameter(&self, stack: &str, name: &str) -> String {
        self.emulator.stacks().by_name[stack].parameters[name].clone()
    }

    /// Starts `deploy`, waits for a request of `action`, and presses Ctrl-C.
    #[cfg(unix)]
    async fn interrupt_at(&self, action: &'static str) -> Ended {
        let faults = crate::proxy::Faults::none();
        let _proxies = self.local.behind(&faults).await;
        self.emulator.await_request(action);
        let child = self
            .local
            .command(&["deploy", "--stack-name", "mcp", "--yes"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        self.emulator.arrived().await;
        let id = rustix::process::Pid::from_raw(child.id().unwrap().cast_signed()).unwrap();
        // The second request comes after the program has begun to listen for Ctrl-C.
        self.emulator.arrived().await;
        rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
        Ended::new(child.wait_with_output().await.unwrap())
    }
}

#[tokio::test]
async fn a_stack_is_made_changed_and_taken_down() {
    let world = World::new().await;
    let planned = world.deploy(&["--plan"]).await;
    assert_eq!(planned.code, Some(3), "{}", planned.text);

    let made = world
        .deploy(&["--yes", "--parameter", "Identifier=one"])
        .await;
    assert_eq!(made.code, Some(0), "{}", made.text);
    assert!(made.stdout.starts_with(&planned.stdout));
    insta::assert_snapshot!(made.text);

    let same = world.deploy(&["--yes"]).await;
    assert_eq!(same.code, Some(0), "{}", same.text);
    assert!(
        same.text
            .starts_with("stack serverlessrepo-mcp is as wanted, nothing was done")
    );
    assert!(!world.emulator.stacks().has_change_sets());

    let changed = world
        .deploy(&["--yes", "--parameter", "LogLevel=debug", "--format", "json"])
        .await;
    assert_eq!(changed.code, Some(0), "{}", changed.text);
    let document: Value = serde_json::from_str(&changed.stdout).unwrap();
    insta::assert_json_snapshot!(document);
    let kept = world.parameter("serverlessrepo-mcp", "Identifier");
    assert_eq!(kept, "one", "SAR was not told again");

    let planned = world.deploy(&["--delete", "--plan"]).await;
    assert_eq!(planned.code, Some(3), "{}", planned.text);
    insta::assert_snapshot!(planned.text);
    let deleted = world.deploy(&["--delete", "--yes"]).await;
    assert_eq!(deleted.code, Some(0), "{}", deleted.text);
    insta::assert_snapshot!(deleted.text);
    let gone = world.deploy(&["--delete", "--yes"]).await;
    assert_eq!(gone.code, Some(0), "{}", gone.text);
    insta::assert_snapshot!(gone.text, @"done: there is no stack mcp");
}

#[tokio::test]
async fn nothing_is_left_of_what_nobody_confirms() {
    let world = World::new().await;
    for arguments in [&[][..], &["--plan"], &["--format", "json"]] {
        let ended = world.deploy(arguments).await;
        assert_eq!(ended.code, Some(3), "{arguments:?}: {}", ended.text);
        assert_eq!(world.status("serverlessrepo-mcp"), None, "{arguments:?}");
        assert!(!world.emulator.stacks().has_change_sets(), "{arguments:?}");
    }
    let deleted = world.deploy(&["--delete"]).await;
    assert_eq!(deleted.code, Some(2));
    insta::assert_snapshot!(deleted.text, @"error: nobody is there to confirm this: --yes does it, --plan only shows it");
}

#[tokio::test]
async fn what_can_not_be_deployed_is_said_before_anything_is_made() {
    let world = World::new().await;
    let refused = format!("Identifier={REFUSED}");
    let mut said = Vec::new();
    for arguments in [
        &[
            "--yes",
            "--parameter",
            "Identifier=A1",
            "--parameter",
            "Colour=red",
        ][..],
        &[
            "--yes",
            "--parameter",
            "Identifier=a",
            "--parameter",
            "Identifier=b",
        ],
        &["--yes", "--parameter", "Identifier"],
        &[
            "--yes",
            "--vpc-id",
            "vpc-12345678",
            "--subnet-ids",
            "subnet-1",
        ],
        &["--yes", "--version", "9.0.0"],
        &["--yes", "--parameter", &refused],
    ] {
        let ended = world.deploy(arguments).await;
        said.push(format!("{:?} {}", ended.code, ended.text));
        assert_eq!(world.status("serverlessrepo-mcp"), None, "{arguments:?}");
        assert!(!world.emulator.stacks().has_change_sets(), "{arguments:?}");
    }
    insta::assert_snapshot!(said.join("\n"));
}

#[tokio::test]
async fn a_failure_names_its_cause_and_what_is_left() {
    let world = World::new().await;
    let fails = format!("Identifier={FAILS}");
    let failed = world.deploy(&["--yes", "--parameter", &fails]).await;
    assert_eq!(failed.code, Some(1), "{}", failed.text);
    let again = world.deploy(&["--yes"]).await;
    assert_eq!(again.code, Some(1), "{}", again.text);
    let deleted = world.deploy(&["--delete", "--yes"]).await;
    assert_eq!(deleted.code, Some(0), "{}", deleted.text);
    let made = world.deploy(&["--yes"]).await;
    assert_eq!(made.code, Some(0), "{}", made.text);
    let update = world.deploy(&["--yes", "--parameter", &fails]).await;
    assert_eq!(update.code, Some(1), "{}", update.text);
    let texts = [failed, again, deleted, update].map(|ended| ended.text);
    insta::assert_snapshot!(texts.join("\n"));
}

#[tokio::test]
async fn a_checkout_is_deployed_beside_what_is_published() {
    let world = World::new().await;
    let checkout = ["--from", "checkout", "--yes", "--binaries", "target/lambda"];
    let made = world
        .deploy(&[&checkout[..], &["--parameter", "Identifier=two"]].concat())
        .await;
    assert_eq!(made.code, Some(0), "{}", made.text);
    insta::assert_snapshot!(made.text);
    let capabilities = world.emulator.stacks().capabilities.clone();
    assert_eq!(capabilities, ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]);

    let changed = world
        .deploy(&[&checkout[..], &["--parameter", "LogLevel=debug"]].concat())
        .await;
    assert_eq!(changed.code, Some(0), "{}", changed.text);
    assert_eq!(world.parameter("mcp", "Identifier"), "two");
    assert_eq!(world.parameter("mcp", "LogLevel"), "debug");

    assert_eq!(world.deploy(&["--yes"]).await.code, Some(0));
    let ambiguous = world.deploy(&["--delete", "--yes"]).await;
    assert_eq!(ambiguous.code, Some(1));
    insta::assert_snapshot!(ambiguous.text, @"error: there are two stacks, serverlessrepo-mcp and mcp: say which one with `--from sar` or `--from checkout`");
    let deleted = world
        .deploy(&["--delete", "--yes", "--from", "checkout"])
        .await;
    assert_eq!(deleted.code, Some(0), "{}", deleted.text);
    assert_eq!(world.status("mcp").as_deref(), Some("DELETE_COMPLETE"));
    let other = world.status("serverlessrepo-mcp");
    assert_eq!(other.as_deref(), Some("CREATE_COMPLETE"));
}

#[tokio::test]
async fn throttling_server_errors_and_lost_answers_are_ridden_out() {
    let world = World::new().await;
    for action in [
        "DescribeStacks",
        "DescribeChangeSet",
        "DescribeStackEvents",
        "ExecuteChangeSet",
    ] {
        let emulator = &world.emulator;
        emulator.trouble(action, Trouble::Answered(400, "Throttling"), 2);
        emulator.trouble(action, Trouble::Answered(503, "ServiceUnavailable"), 1);
        emulator.trouble(action, Trouble::Unanswered, 1);
    }
    let made = world
        .deploy(&["--from", "checkout", "--yes", "--binaries", "target/lambda"])
        .await;
    assert_eq!(made.code, Some(0), "{}", made.text);
    assert!(world.emulator.is_at_peace());
    assert_eq!(world.status("mcp").as_deref(), Some("CREATE_COMPLETE"));
}

#[tokio::test]
async fn a_refused_execution_leaves_nothing() {
    let world = World::new().await;
    let denied = Trouble::Answered(403, "AccessDenied");
    world.emulator.trouble("ExecuteChangeSet", denied, 1);
    let ended = world.deploy(&["--yes"]).await;
    assert_eq!(ended.code, Some(1), "{}", ended.text);
    assert!(
        ended
            .text
            .contains("error: ExecuteChangeSet: made to fail (AccessDenied)")
    );
    assert_eq!(world.status("serverlessrepo-mcp"), None);
}

#[cfg(unix)]
#[tokio::test]
async fn ctrl_c_forgets_a_change_set_and_leaves_a_stack_alone() {
    let world = World::new().await;
    world.emulator.stacks().computes_forever = true;
    let ended = world.interrupt_at("DescribeChangeSet").await;
    assert_eq!(ended.code, Some(1));
    insta::assert_snapshot!(ended.text, @"error: interrupted; nothing was done");
    assert_eq!(world.status("serverlessrepo-mcp"), None);

    world.emulator.stacks().computes_forever = false;
    world.emulator.stacks().stands_still = true;
    let ended = world.interrupt_at("DescribeStackEvents").await;
    assert_eq!(ended.code, Some(1));
    assert!(
        ended
            .text
            .contains("error: interrupted; stack serverlessrepo-mcp goes on by itself"),
        "{}",
        ended.text
    );
    let status = world.status("serverlessrepo-mcp");
    assert_eq!(status.as_deref(), Some("CREATE_IN_PROGRESS"));
}
