//! What a plan has, and what it says.

use std::path::Path;

use catalog::file::read_text;
use catalog::live;
use catalog::wanted::{self, WantedError};
use serde_json::json;

use crate::memory::{MemoryRegistry, PATIENCE, catalog, file, plan, resource, tool};

fn seeded() -> MemoryRegistry {
    let registry = MemoryRegistry::new();
    registry.put(&tool("same"));
    registry.put(&tool("changed"));
    registry.put(&tool("old"));
    registry.put(&resource("old", "test://old"));
    registry
}

fn wanted_file() -> String {
    let mut changed = tool("changed");
    changed["title"] = json!("Now with a title");
    changed["parameters"] = json!({ "a": "string", "b": "string" });
    changed["invocation"] = json!({ "timeoutSeconds": 30, "stream": false, "task": "forbidden" });
    file(&[
        changed,
        tool("same"),
        tool("new"),
        resource("new", "test://new"),
    ])
}

#[tokio::test]
async fn a_plan_says_what_differs() {
    let registry = seeded();
    let text = wanted_file();
    insta::assert_snapshot!("kept", plan(&registry, &text, false).await);
    let pruned = plan(&registry, &text, true).await;
    insta::assert_snapshot!("pruned", pruned);
    insta::assert_snapshot!("json", serde_json::to_string_pretty(&pruned).unwrap());
}

#[tokio::test]
async fn what_is_the_same_is_no_difference_however_it_is_written() {
    let registry = seeded();
    let same = file(&[
        tool("same"),
        tool("changed"),
        tool("old"),
        resource("old", "test://old"),
    ]);
    let planned = plan(&registry, &same, true).await;
    assert!(planned.is_empty(), "{planned}");
    insta::assert_snapshot!(planned, @"nothing to do: 4 as wanted");
    // The tools' `parameters` are for the registry to write out; the resource is the same word for word.
    assert_eq!(registry.validated(), 3);
}

#[tokio::test]
async fn a_uri_of_what_is_kept_is_no_longer_free() {
    let registry = seeded();
    let renamed = file(&[resource("renamed", "test://old")]);
    let kept = plan(&registry, &renamed, false).await;
    assert_eq!(kept.conflicts.len(), 1);
    insta::assert_snapshot!(kept);
    assert!(plan(&registry, &renamed, true).await.conflicts.is_empty());
}

#[tokio::test]
async fn what_the_registry_finds_wrong_has_its_line() {
    let registry = seeded();
    let text = "registrations:\n- type: tool\n  name: same\n  lambdaArn: arn:aws:lambda:us-east-1:000000000000:function:f\n  title: bad\n";
    let live = live::read(&registry, PATIENCE).await.unwrap();
    let error = wanted::resolve(&registry, &catalog(text), &live, PATIENCE)
        .await
        .unwrap_err();
    assert!(matches!(error, WantedError::Invalid(_)));
    insta::assert_snapshot!(error, @r"
    the catalogue has a problem:
      catalog.yaml:5: tool-same: title: must not be bad
    ");
}

#[tokio::test]
async fn a_plan_of_thousands_can_be_read() {
    let registry = MemoryRegistry::new();
    let documents: Vec<_> = (0..300)
        .map(|number| tool(&format!("t{number:03}")))
        .collect();
    let planned = plan(&registry, &file(&documents), false).await.to_string();
    assert_eq!(planned.lines().count(), 202);
    let end: Vec<_> = planned.lines().rev().take(3).collect();
    insta::assert_snapshot!(end.join("\n"), @r"
    300 to create; 0 as wanted
      … and 100 more like these
    + tool-t199: Does t199
    ");
}

#[test]
fn documents_that_are_wrong_are_not_asked_about() {
    let text = "registrations:\n- {type: tool, name: a, lambdaArn: x}\n- {type: tool, name: b, lambdaArn: 'arn:aws:lambda:us-east-1:000000000000:function:f'}\n";
    let problems = read_text(Path::new("catalog.yaml"), text).unwrap_err();
    let readable: Vec<_> = problems
        .readable
        .entries
        .iter()
        .map(|it| it.document.id().to_string())
        .collect();
    assert_eq!(readable, ["tool-b"]);
}
