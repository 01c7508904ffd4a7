//! What the program asks of a person, and what it does about the answers.

use crate::deploying::World;
use crate::local::{Local, PUBLISH};
use crate::proxy::Faults;
use crate::terminal::talk;

const PUBLISH_ASKING: [&str; 3] = ["publish", "--binaries", "target/lambda"];
const SURE: &str = "Do this? [y/N] ";

#[tokio::test]
async fn a_release_is_made_when_somebody_says_yes() {
    let local = Local::start().await;
    let faults = Faults::none();
    let _proxies = local.behind(&faults).await;
    for (answer, is_a_yes) in [
        ("", false),
        ("n", false),
        ("Yes, please", false),
        ("y", true),
    ] {
        let said = talk(local.command(&PUBLISH_ASKING), &[(SURE, answer)]).await;
        assert!(
            said.text.contains("!  this makes the application public"),
            "{}",
            said.text
        );
        if is_a_yes {
            assert_eq!(said.code, Some(0), "{}", said.text);
            assert!(said.text.contains("is as wanted"), "{}", said.text);
        } else {
            assert_eq!(said.code, Some(1), "{}", said.text);
            assert!(
                said.text
                    .ends_with("error: not confirmed, nothing was done\n"),
                "{}",
                said.text
            );
            assert_eq!(faults.writes(), Vec::<String>::new(), "{answer:?}");
        }
    }
    local.shutdown().await;
}

#[tokio::test]
async fn nobody_is_locked_out_without_a_yes() {
    let local = Local::start().await;
    assert_eq!(local.run_smoothly(&PUBLISH).await.code, Some(0));
    local.fixture.write("sar/sharing.toml", "public = false\n");
    let faults = Faults::none();
    let _proxies = local.behind(&faults).await;
    let said = talk(local.command(&["share"]), &[(SURE, "n")]).await;
    assert_eq!(said.code, Some(1));
    insta::assert_snapshot!(said.text);
    assert_eq!(faults.writes(), Vec::<String>::new());
    let said = talk(local.command(&["share"]), &[(SURE, "yes")]).await;
    assert_eq!(said.code, Some(0), "{}", said.text);
    local.shutdown().await;
}

#[tokio::test]
async fn deploying_asks_what_it_was_not_told() {
    let world = World::new().await;
    let _proxies = world.local.behind(&Faults::none()).await;
    let mut screens = Vec::new();
    for (arguments, answers) in [
        (
            &["deploy"][..],
            &[("Stack name", "mcp"), ("VPC", ""), (SURE, "n")][..],
        ),
        (&["deploy"], &[("Stack name", ""), ("VPC", ""), (SURE, "y")]),
        (
            &["deploy", "--delete"],
            &[("Stack name", ""), ("Delete this? [y/N] ", "n")],
        ),
        (
            &["deploy", "--delete", "--stack-name", "mcp-lambda-sam"],
            &[("Delete this? [y/N] ", "y")],
        ),
        (
            &["deploy", "--stack-name", "mcp"],
            &[("VPC", "vpc-12345678"), ("subnets", "")],
        ),
    ] {
        let said = talk(world.local.command(arguments), answers).await;
        screens.push(format!(
            "$ {} -> {:?}\n{}",
            arguments.join(" "),
            said.code,
            said.text
        ));
    }
    insta::assert_snapshot!(screens.join("\n"));
    assert_eq!(world.status("serverlessrepo-mcp"), None);
}
