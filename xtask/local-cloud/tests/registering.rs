//! Registering at start: the sample, files, and what is refused.

#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod support;

use local_cloud::{Auth, Config, LocalCloud, one_line};
use serde_json::{Value, json};
use support::*;

fn registration(name: &str, description: &str) -> Value {
    json!({"type": "tool", "name": name, "description": description, "lambdaArn": "arn"})
}

#[tokio::test]
async fn the_sample_and_files_are_registered_and_files_replace() {
    let folder = tempfile::tempdir().unwrap();
    let (one, many) = (
        folder.path().join("one.json"),
        folder.path().join("many.json"),
    );
    fs_err::write(&one, registration("a", "first").to_string()).unwrap();
    let changed = json!([registration("a", "second"), registration("b", "first")]);
    fs_err::write(&many, changed.to_string()).unwrap();
    // With signatures, as registering goes through the same function with a caller then.
    let (cloud, _programs, _) = cloud_with(|config| {
        config.auth = Auth::Iam;
        config.sample = true;
        config.register = vec![one, many];
    })
    .await;
    let ids = cloud.registrations().await.unwrap();
    assert_eq!(
        ids,
        [
            "tool-hello",
            "resource-hello-text",
            "prompt-greet",
            "tool-a",
            "tool-b"
        ]
    );
    cloud.shutdown().await;
}

#[tokio::test]
async fn what_is_refused_is_one_line_that_names_file_and_registration() {
    let folder = tempfile::tempdir().unwrap();
    let programs = programs();
    let lines = Lines::default();
    let mut outcomes = Vec::new();
    for (name, text) in [
        (
            "refused.json",
            json!([registration("a", "x"), {"type": "tool", "name": "b"}]).to_string(),
        ),
        (
            "nameless.json",
            json!([registration("a", "x"), {"name": "b"}]).to_string(),
        ),
        ("broken.json", "[{\n".to_owned()),
    ] {
        let file = folder.path().join(name);
        fs_err::write(&file, text).unwrap();
        let config = Config {
            register: vec![file],
            sample: false,
            logs: lines.sink(),
            ..Config::new(programs.path())
        };
        let error = one_line(&LocalCloud::start(config).await.unwrap_err());
        outcomes.push(error.replace(&folder.path().display().to_string(), "FOLDER"));
    }
    insta::assert_snapshot!(outcomes.join("\n"));
}
