//! Administering with the catalogue as a file: the program `catalog` against the real functions.

#[path = "administering/administrator.rs"]
mod administrator;
#[path = "docs/markdown.rs"]
#[expect(dead_code, reason = "the documents' own test uses the rest of it")]
mod markdown;
#[path = "administering/schema.rs"]
mod schema;
#[path = "administering/stack.rs"]
mod stack;

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use fs_err as fs;
use http::{Method, Request};
use local_cloud::{Auth, Credentials, function_arn};
use serde_json::{Value, json};
use support::functions::function;
use support::signing::Signer;
use support::{Reply, TestCloud};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::administrator::Administrator;

/// The catalogue that the page about catalogues begins with.
fn documented() -> Result<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/CATALOG.md");
    let blocks = markdown::blocks(&fs::read_to_string(page)?);
    let block = blocks.into_iter().find(|block| block.language == "yaml");
    Ok(block.context("no YAML")?.text)
}

async fn signed(
    cloud: &TestCloud,
    keys: &Credentials,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> Result<Reply> {
    let mut request = Request::builder().method(method).uri(cloud.url(path));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = if body.is_null() {
        Bytes::new()
    } else {
        body.to_string().into()
    };
    let signer = Signer::new(&keys.access_key_id, &keys.secret_access_key, None);
    cloud.http().send(signer.sign(request.body(body)?)?).await
}

#[tokio::test]
async fn an_administrators_walk() -> Result<()> {
    let cloud = TestCloud::start_with(|config| {
        config.auth = Auth::Iam;
        config.sample = true;
        config.users = vec!["ada".to_owned(), "eve".to_owned()];
    })
    .await?;
    let [ada, eve] = cloud.cloud().users() else {
        anyhow::bail!("two users")
    };
    let (ada, eve) = (&ada.credentials, &eve.credentials);

    let stranger = Administrator::new(&cloud, None)?;
    stranger.write("catalog.yaml", &documented()?)?;
    let refused = stranger.run(&["plan", "--file", "catalog.yaml"]).await?;
    assert_eq!(refused.code, Some(1));
    insta::assert_snapshot!("stranger", refused.errors);

    let admin = Administrator::new(&cloud, Some(ada))?;
    admin.write("catalog.yaml", &documented()?)?;
    let file = ["--file", "catalog.yaml"];
    let with = |words: &[&'static str]| [words, &file].concat();
    let planned = admin.run(&with(&["plan"])).await?;
    assert_eq!(planned.code, Some(3), "{planned:?}");
    insta::assert_snapshot!("plan", planned.output);
    let unconfirmed = admin.run(&with(&["apply"])).await?;
    assert_eq!(unconfirmed.code, Some(2), "{unconfirmed:?}");
    admin.succeed(&with(&["apply", "--yes"])).await?;
    let again = admin.succeed(&with(&["apply"])).await?;
    assert_eq!(again, "nothing to do: 5 as wanted\n");

    // Eve changes one of them, and Ada, who has not seen that, does not get through.
    let path = "/register/tool-hello";
    let greeting = json!({ "title": "Hi" });
    let read = signed(&cloud, ada, Method::GET, path, &[], &Value::Null).await?;
    let seen = read.header("etag");
    let headers = [
        ("content-type", "application/merge-patch+json"),
        ("if-match", seen),
    ];
    let patched = signed(&cloud, eve, Method::PATCH, path, &headers, &greeting).await?;
    assert_eq!(patched.status, 200, "{}", patched.text()?);
    let stale = signed(
        &cloud,
        ada,
        Method::PATCH,
        path,
        &headers,
        &json!({ "title": "Hello!" }),
    )
    .await?;
    assert_eq!(stale.status, 412, "{}", stale.text()?);
    assert_eq!(stale.header("etag"), patched.header("etag"));

    let changes = signed(
        &cloud,
        ada,
        Method::GET,
        &format!("{path}/changes"),
        &[],
        &Value::Null,
    )
    .await?;
    let changes = changes.json()?;
    let last = &changes["changes"][0];
    assert_eq!(last["by"], "arn:aws:iam::000000000000:user/eve");
    assert_eq!(last["action"], "patch");
    assert_eq!(
        (&last["before"]["title"], &last["after"]["title"]),
        (&json!("Hello"), &json!("Hi"))
    );
    assert_eq!(
        changes["changes"][1]["by"],
        "arn:aws:iam::000000000000:user/ada"
    );

    let planned = admin.run(&with(&["plan"])).await?;
    assert_eq!(planned.code, Some(3));
    insta::assert_snapshot!("patched", planned.output);
    admin
        .succeed(&["export", "--file", "exported.yaml"])
        .await?;
    insta::assert_snapshot!("exported", admin.read("exported.yaml")?);
    let unchanged = admin
        .succeed(&["apply", "--file", "exported.yaml", "--prune"])
        .await?;
    assert_eq!(unchanged, "nothing to do: 5 as wanted\n");
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn what_is_not_in_the_file_goes_when_it_is_to() -> Result<()> {
    let cloud = TestCloud::start().await?;
    let admin = Administrator::new(&cloud, None)?;
    let resource = |name: &str| json!({ "type": "resource", "name": name, "uri": "sample://greeting", "lambdaArn": function_arn("mcp-tool-hello") });
    let renamed = json!({ "registrations": [resource("renamed")] }).to_string();
    admin.write("catalog.json", &renamed)?;
    let kept = admin
        .run(&["apply", "--yes", "--file", "catalog.json"])
        .await?;
    assert_eq!(kept.code, Some(1));
    insta::assert_snapshot!("kept", format!("{}{}", kept.output, kept.errors));
    let pruned = admin
        .succeed(&["apply", "--yes", "--prune", "--file", "catalog.json"])
        .await?;
    insta::assert_snapshot!("pruned", pruned);

    // Two resources change their URIs with each other, in one transaction.
    let mut both = [resource("renamed"), resource("other")];
    both[1]["uri"] = json!("sample://other");
    admin.write(
        "catalog.json",
        &json!({ "registrations": both }).to_string(),
    )?;
    admin
        .succeed(&["apply", "--yes", "--file", "catalog.json"])
        .await?;
    both[0]["uri"] = json!("sample://other");
    both[1]["uri"] = json!("sample://greeting");
    admin.write(
        "catalog.json",
        &json!({ "registrations": both }).to_string(),
    )?;
    admin
        .succeed(&["apply", "--yes", "--file", "catalog.json"])
        .await?;
    assert_eq!(
        admin.succeed(&["plan", "--file", "catalog.json"]).await?,
        "nothing to do: 2 as wanted\n"
    );
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn everything_that_is_wrong_is_said_at_once() -> Result<()> {
    let cloud = TestCloud::start().await?;
    let admin = Administrator::new(&cloud, None)?;
    let arn = function_arn("mcp-tool-hello");
    admin.write(
        "catalog.yaml",
        &format!(
            "registrations:\n\
             - type: tool\n\
             \x20 name: schema\n\
             \x20 lambdaArn: {arn}\n\
             \x20 inputSchema:\n\
             \x20   type: object\n\
             \x20   properties:\n\
             \x20     a: {{ type: text }}\n\
             - type: resource\n\
             \x20 name: completions\n\
             \x20 lambdaArn: {arn}\n\
             \x20 uriTemplate: test://{{id}}\n\
             \x20 completions:\n\
             \x20   name: function\n\
             - type: tool\n\
             \x20 name: misspelt\n\
             \x20 lambdaARN: {arn}\n"
        ),
    )?;
    let ran = admin.run(&["validate", "--file", "catalog.yaml"]).await?;
    assert_eq!(ran.code, Some(1));
    insta::assert_snapshot!(ran.output);
    // Nothing of a catalogue with a problem is written.
    let ran = admin
        .run(&["apply", "--yes", "--file", "catalog.yaml"])
        .await?;
    assert_eq!(ran.code, Some(1));
    let list = cloud.http().get(&cloud.url("/register")).await?.json()?;
    assert_eq!(list["registrations"].as_array().map(Vec::len), Some(3));
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_function_that_can_not_be_invoked_is_told_and_registered_on_demand() -> Result<()> {
    let cloud = empty_cloud().await?;
    let admin = Administrator::new(&cloud, None)?;
    let arn = function_arn("never-deployed");
    let text = format!("registrations:\n- type: tool\n  name: early\n  lambdaArn: {arn}\n");
    admin.write("catalog.yaml", &text)?;
    let mut said = String::new();
    for command in ["validate", "apply"] {
        let yes: &[&str] = if command == "apply" { &["--yes"] } else { &[] };
        let words = [&[command, "--file", "catalog.yaml"], yes].concat();
        let ran = admin.run(&words).await?;
        assert_eq!(ran.code, Some(1), "{ran:?}");
        said = format!("{said}{}{}", ran.output, ran.errors);
    }
    insta::assert_snapshot!(said);
    let forced = ["apply", "--yes", "--force", "--file", "catalog.yaml"];
    admin.succeed(&forced).await?;
    assert_eq!(
        admin.succeed(&forced).await?,
        "nothing to do: 1 as wanted\n"
    );
    cloud.shutdown().await;
    Ok(())
}

/// Nothing is registered, and there is a function to register.
async fn empty_cloud() -> Result<TestCloud> {
    TestCloud::start_with(|config| {
        config.sample = false;
        config.tools = vec![function("echo", env!("CARGO_BIN_EXE_puppet"), &["echo"])];
    })
    .await
}

/// A registration a line, as an export has them.
fn lines(count: usize, title: &str) -> String {
    let line = |number: usize| {
        json!({
            "type": "tool", "name": format!("tool-{number:05}"), "title": title, "lambdaArn": function_arn("echo"),
            "inputSchema": { "type": "object", "properties": { "name": { "type": "string" } }, "required": ["name"] },
        })
        .to_string()
    };
    let lines: Vec<_> = (0..count).map(line).collect();
    format!("{{\"registrations\":[\n{}\n]}}\n", lines.join(",\n"))
}

/// Applies a catalogue of so many entries, ends the program by force when a tenth of them is written, applies it again, and
/// exports it.
async fn interrupted(count: usize) -> Result<()> {
    let cloud = empty_cloud().await?;
    let admin = Administrator::new(&cloud, None)?;
    let catalog = lines(count, "Many");
    admin.write("catalog.json", &catalog)?;
    let apply = ["apply", "--yes", "--file", "catalog.json"];

    let mut first = admin.command(&apply);
    let mut first = first.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let errors = first.stderr.take().context("no standard error")?;
    let line = BufReader::new(errors).lines().next_line().await?;
    let line = line.context("it ended before anything was written")?;
    ensure!(line.ends_with(&format!(" of {count} written")), "{line}");
    first.kill().await?;

    let rest = admin.succeed(&apply).await?;
    let end = rest.lines().next_back().unwrap_or_default();
    let written: usize = end.split(' ').nth(1).context("no count")?.parse()?;
    assert!(written < count, "{end}");
    for file in ["one.json", "two.json"] {
        admin.succeed(&["export", "--file", file]).await?;
        assert!(
            admin.read(file)? == catalog,
            "{file} is not what was applied"
        );
    }
    let again = admin.succeed(&apply).await?;
    assert_eq!(again, format!("nothing to do: {count} as wanted\n"));
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_catalogue_is_finished_after_a_kill_and_exported_byte_for_byte() -> Result<()> {
    interrupted(1_000).await
}

#[tokio::test]
#[ignore = "takes most of a minute: `cargo xtask ci --only large` runs it"]
async fn a_large_catalogue_is_finished_after_a_kill_too() -> Result<()> {
    interrupted(10_000).await
}

#[tokio::test]
async fn of_two_administrators_who_change_the_same_nobody_is_overwritten_unseen() -> Result<()> {
    let cloud = empty_cloud().await?;
    let count = 160;
    let admins = [
        Administrator::new(&cloud, None)?,
        Administrator::new(&cloud, None)?,
    ];
    let apply = ["apply", "--yes", "--file", "catalog.json"];
    admins[0].write("catalog.json", &lines(count, "Before"))?;
    admins[0].succeed(&apply).await?;
    admins[0].write("catalog.json", &lines(count, "One"))?;
    admins[1].write("catalog.json", &lines(count, "Other"))?;
    let (one, other) = tokio::join!(admins[0].run(&apply), admins[1].run(&apply));
    let ran = [one?, other?];
    for ran in &ran {
        let words = "somebody else changed the catalog";
        let is_told = ran.code == Some(1) && ran.errors.contains(words);
        assert!(ran.code == Some(0) || is_told, "{ran:?}");
    }
    // Whoever wrote the first batch that both wanted to write went on to the end.
    assert!(ran.iter().any(|ran| ran.code == Some(0)), "{ran:?}");
    // Who was told can look at the plan and go on.
    for (admin, ran) in admins.iter().zip(&ran) {
        if ran.code == Some(1) {
            admin.succeed(&apply).await?;
            let exported = admin.succeed(&["export", "--format", "json"]).await?;
            assert!(exported == admin.read("catalog.json")?);
        }
    }
    cloud.shutdown().await;
    Ok(())
}
