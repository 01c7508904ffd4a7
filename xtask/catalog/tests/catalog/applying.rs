//! Plans applied: all of it or with the rest for the next run, whatever is lost on the way.

use catalog::apply::{ApplyError, ApplyOptions, apply};
use catalog::plan::CatalogPlan;
use catalog::progress::Silent;
use serde_json::{Value, json};

use crate::memory::{Fate, MemoryRegistry, PATIENCE, file, plan, resource, tool};

fn options() -> ApplyOptions {
    ApplyOptions {
        patience: PATIENCE,
        ..ApplyOptions::default()
    }
}

async fn applied(registry: &MemoryRegistry, plan: &CatalogPlan) -> Result<usize, ApplyError> {
    apply(registry, plan, options(), &Silent).await
}

fn tools(count: usize) -> Vec<Value> {
    (0..count)
        .map(|number| tool(&format!("t{number:03}")))
        .collect()
}

#[tokio::test]
async fn applying_twice_writes_once() {
    let registry = MemoryRegistry::new();
    registry.put(&tool("old"));
    let mut documents = tools(100);
    let text = file(&documents);
    let planned = plan(&registry, &text, true).await;
    assert_eq!(applied(&registry, &planned).await.unwrap(), 101);
    assert_eq!(registry.batches(), [40, 40, 21]);
    assert_eq!(registry.documents().len(), 100);

    let version = registry.version();
    let again = plan(&registry, &text, true).await;
    assert!(again.is_empty());
    assert_eq!(applied(&registry, &again).await.unwrap(), 0);
    assert_eq!(registry.version(), version);

    documents[7]["title"] = json!("Seven");
    let planned = plan(&registry, &file(&documents), true).await;
    assert_eq!(applied(&registry, &planned).await.unwrap(), 1);
}

#[tokio::test]
async fn large_documents_go_in_smaller_batches() {
    let registry = MemoryRegistry::new();
    let mut documents = tools(5);
    for document in &mut documents {
        document["_meta"] = json!({ "large": "x".repeat(300_000) });
    }
    let planned = plan(&registry, &file(&documents), false).await;
    applied(&registry, &planned).await.unwrap();
    assert_eq!(registry.batches(), [3, 2]);
}

#[tokio::test]
async fn what_is_too_much_for_the_registry_is_sent_in_halves() {
    let registry = MemoryRegistry::new();
    registry.most_operations(12);
    let planned = plan(&registry, &file(&tools(50)), false).await;
    assert_eq!(applied(&registry, &planned).await.unwrap(), 50);
    assert_eq!(registry.batches(), [40, 20, 10, 10, 20, 10, 10, 10]);
    assert_eq!(registry.documents().len(), 50);
}

#[tokio::test]
async fn whatever_is_lost_the_end_is_the_same() {
    let mut changed = tools(60);
    for document in &mut changed {
        document["title"] = json!("Changed");
    }
    changed.push(resource("moved", "test://old"));
    let wanted = file(&changed);
    let before = |registry: &MemoryRegistry| {
        for document in tools(45) {
            registry.put(&document);
        }
        registry.put(&resource("old", "test://old"));
    };
    let smooth = MemoryRegistry::new();
    before(&smooth);
    let planned = plan(&smooth, &wanted, true).await;
    assert_eq!(applied(&smooth, &planned).await.unwrap(), 62);

    for fates in [
        &[Fate::Lost][..],
        &[Fate::DoneUnanswered],
        &[Fate::Busy, Fate::Busy, Fate::Lost],
        &[
            Fate::Answered,
            Fate::DoneUnanswered,
            Fate::Lost,
            Fate::DoneUnanswered,
        ],
        &[Fate::Lost, Fate::DoneUnanswered, Fate::Busy],
    ] {
        let registry = MemoryRegistry::new();
        before(&registry);
        let planned = plan(&registry, &wanted, true).await;
        registry.fates(fates);
        assert_eq!(applied(&registry, &planned).await.unwrap(), 62, "{fates:?}");
        assert_eq!(registry.documents(), smooth.documents(), "{fates:?}");
    }

    // Given up, and run again.
    let registry = MemoryRegistry::new();
    before(&registry);
    let planned = plan(&registry, &wanted, true).await;
    registry.fates(&[
        Fate::Answered,
        Fate::Lost,
        Fate::Lost,
        Fate::Lost,
        Fate::Lost,
    ]);
    let error = applied(&registry, &planned).await.unwrap_err();
    assert_eq!(error.mend(), Some("run again: what is done stays done"));
    insta::assert_snapshot!(error, @"40 of 62 were written: no telling whether it was done: connection reset");
    let planned = plan(&registry, &wanted, true).await;
    assert_eq!(applied(&registry, &planned).await.unwrap(), 22);
    assert_eq!(registry.documents(), smooth.documents());
}

#[tokio::test]
async fn what_somebody_else_wrote_is_not_overwritten() {
    let registry = MemoryRegistry::new();
    for name in ["a", "b", "c", "d"] {
        registry.put(&tool(name));
    }
    let mut wanted = [tool("a"), tool("b"), tool("new")];
    wanted[0]["title"] = json!("Mine");
    wanted[1]["title"] = json!("Mine");
    let planned = plan(&registry, &file(&wanted), true).await;

    let mut theirs = tool("a");
    theirs["title"] = json!("Theirs");
    registry.put(&theirs);
    registry.put(&tool("d"));
    registry.remove("tool-b");
    registry.put(&tool("new"));
    let before = registry.documents();
    let error = applied(&registry, &planned).await.unwrap_err();
    insta::assert_snapshot!(error);
    assert_eq!(registry.documents(), before);

    // Who looks again, and still wants it, gets it.
    let planned = plan(&registry, &file(&wanted), true).await;
    applied(&registry, &planned).await.unwrap();
    assert!(plan(&registry, &file(&wanted), true).await.is_empty());
}

#[tokio::test]
async fn somebody_else_who_wanted_the_same_is_no_obstacle() {
    let registry = MemoryRegistry::new();
    let text = file(&tools(5));
    let planned = plan(&registry, &text, false).await;
    registry.put(&tool("t002"));
    assert_eq!(applied(&registry, &planned).await.unwrap(), 5);
    assert_eq!(registry.batches(), [5, 4]);
}

#[tokio::test]
async fn what_is_refused_is_named() {
    let registry = MemoryRegistry::new();
    let mut documents = tools(45);
    documents[42]["title"] = json!("bad");
    let planned = plan(&registry, &file(&documents), false).await;
    let error = applied(&registry, &planned).await.unwrap_err();
    insta::assert_snapshot!(error, @r"
    the registry refused a batch, and 40 of 45 were written: The batch has a problem, and nothing was written. (invalid_batch, HTTP status 400)
      tool-t042: title: must not be bad
    ");
}

#[tokio::test]
async fn a_plan_with_conflicts_writes_nothing() {
    let registry = MemoryRegistry::new();
    registry.put(&resource("old", "test://a"));
    let planned = plan(&registry, &file(&[resource("new", "test://a")]), false).await;
    let error = applied(&registry, &planned).await.unwrap_err();
    insta::assert_snapshot!(error, @"1 URI is not free: put the registrations that have it into the file, or delete them with --prune");
    assert_eq!(registry.batches(), [0; 0]);
}
