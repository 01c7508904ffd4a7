//! Every change leaves a record: who, when, what, before and after.

use registry::{
    Author, CatalogVersion, Change, ChangeRecord, Operation, Registration, RegistrationStore,
};

use crate::support::{ARN, Local, create, described_tool, id, tool};

/// A record in a line: its version, who, what, and the descriptions before and after.
fn line(record: &ChangeRecord) -> String {
    let description = |document: &Option<Box<serde_json::value::RawValue>>| {
        document.as_ref().map_or("-".to_owned(), |document| {
            let document: serde_json::Value = serde_json::from_str(document.get()).unwrap();
            document["description"].to_string()
        })
    };
    format!(
        "{} {} {} {} -> {}",
        record.version,
        record.by.as_deref().unwrap_or("?"),
        record.action.as_str(),
        description(&record.before),
        description(&record.after)
    )
}

#[tokio::test]
async fn a_registrations_history_outlives_it() {
    let local = Local::start().await;
    let store = &local.store;
    let alice = Author::new("alice");
    let write = async |operation: Operation, author: Option<&Author>| {
        store.write(&[operation.into()], author).await.unwrap();
    };
    write(Operation::Create(described_tool("a", "1")), Some(&alice)).await;
    write(Operation::Put(tool("other")), None).await;
    write(Operation::Put(described_tool("a", "2")), None).await;
    write(Operation::Patch(described_tool("a", "3")), Some(&alice)).await;
    write(Operation::Delete(id("tool-a")), Some(&alice)).await;
    write(Operation::Put(described_tool("a", "4")), None).await;
    let all = store.history(&id("tool-a"), None, 10).await.unwrap();
    assert_eq!(
        all.changes.iter().map(line).collect::<Vec<_>>(),
        [
            r#"6 ? create - -> "4""#,
            r#"5 alice delete "3" -> -"#,
            r#"4 alice patch "2" -> "3""#,
            r#"3 ? replace "1" -> "2""#,
            r#"1 alice create - -> "1""#,
        ]
    );
    assert_eq!(all.next, None);
    assert!(all.changes.iter().all(|change| change.at.ends_with('Z')));

    let mut parts = Vec::new();
    let mut before = None;
    loop {
        let part = store.history(&id("tool-a"), before, 2).await.unwrap();
        parts.push(
            part.changes
                .iter()
                .map(|change| change.version.get())
                .collect::<Vec<_>>(),
        );
        before = part.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(parts, [vec![6, 5], vec![4, 3], vec![1]]);
    let none = store.history(&id("prompt-a"), None, 10).await.unwrap();
    assert!(none.changes.is_empty() && none.next.is_none());
}

#[tokio::test]
async fn what_is_refused_leaves_no_record() {
    let local = Local::start().await;
    let store = &local.store;
    create(store, &tool("a")).await.unwrap();
    let changes: [Change; 2] = [
        Operation::Put(tool("a")).into(),
        Operation::Create(tool("a")).into(),
    ];
    store.write(&changes, None).await.unwrap_err();
    create(store, &tool("a")).await.unwrap_err();
    let history = store.history(&id("tool-a"), None, 10).await.unwrap();
    assert_eq!(history.changes.len(), 1);
}

#[tokio::test]
async fn documents_of_any_size_are_recorded_whole() {
    let local = Local::start().await;
    let store = &local.store;
    // The largest documents: before and after one of them don't fit into one item, and four of them not into a
    // query's megabyte.
    let large = |name: &str, letter: &str| {
        let head =
            format!(r#"{{"type":"tool","name":"{name}","lambdaArn":"{ARN}","_meta":{{"x":""#);
        let filler = letter.repeat(Registration::MAX_BYTES - head.len() - 400);
        Registration::parse(format!("{head}{filler}\"}}}}").as_bytes()).unwrap()
    };
    for letter in ["a", "b", "c"] {
        let changes: Vec<Change> = ["x", "y"]
            .map(|name| Operation::Put(large(name, letter)).into())
            .into();
        store.write(&changes, None).await.unwrap();
    }
    for limit in [1, 10] {
        let mut before = None;
        let mut changes = Vec::new();
        loop {
            let part = store.history(&id("tool-y"), before, limit).await.unwrap();
            changes.extend(part.changes);
            before = part.next;
            if before.is_none() {
                break;
            }
        }
        let length = |document: &Option<Box<serde_json::value::RawValue>>| {
            document.as_ref().map(|document| document.get().len())
        };
        let document = Some(large("y", "a").to_json().get().len());
        let seen: Vec<_> = changes
            .iter()
            .map(|one| (one.version, length(&one.before), length(&one.after)))
            .collect();
        let version = CatalogVersion::new;
        assert_eq!(
            seen,
            [
                (version(3), document, document),
                (version(2), document, document),
                (version(1), None, document)
            ]
        );
    }
}
