//! Many changes at once: all of them or none, under their conditions.

use registry::{
    Action, Change, Operation, Precondition, Refusal, Refused, Registration, RegistrationStore,
    Revisions, WriteError,
};

use crate::support::{Local, create, described_tool, id, replace, resource, tool};

fn put(registration: Registration) -> Change {
    Operation::Put(registration).into()
}

fn refused(result: Result<Vec<registry::Written>, WriteError>) -> Vec<Refused> {
    match result {
        Err(WriteError::Refused(refused)) => refused,
        other => panic!("{other:?}"),
    }
}

fn at(uri: &str) -> String {
    format!(r#""uri":"test://{uri}""#)
}

#[tokio::test]
async fn changes_of_every_kind_make_one_version() {
    let local = Local::start().await;
    let store = &local.store;
    create(store, &tool("old")).await.unwrap();
    create(store, &tool("gone")).await.unwrap();
    let changes = [
        Operation::Create(tool("new")).into(),
        Operation::Replace(described_tool("old", "Other")).into(),
        put(resource("r", &at("r"))),
        Operation::Delete(id("tool-gone")).into(),
    ];
    let written = store.write(&changes, None).await.unwrap();
    let seen: Vec<_> = written
        .iter()
        .map(|one| (one.id.to_string(), one.action, one.revision.get()))
        .collect();
    assert_eq!(
        seen,
        [
            ("tool-new".to_owned(), Action::Create, 3),
            ("tool-old".to_owned(), Action::Replace, 3),
            ("resource-r".to_owned(), Action::Create, 3),
            ("tool-gone".to_owned(), Action::Delete, 3),
        ]
    );
    let versions = store.catalog_versions().await.unwrap();
    assert_eq!((versions.whole.get(), versions.tools.get()), (3, 3));
    assert_eq!((versions.resources.get(), versions.prompts.get()), (3, 0));
    assert!(store.get(&id("tool-gone")).await.unwrap().is_none());
    assert!(store.resource_at("test://r").await.unwrap().is_some());
    assert_eq!(store.write(&[], None).await.unwrap(), []);
    assert_eq!(store.catalog_version().await.unwrap().get(), 3);
}

#[tokio::test]
async fn one_change_that_can_not_be_made_stops_all() {
    let local = Local::start().await;
    let store = &local.store;
    create(store, &tool("a")).await.unwrap();
    create(store, &resource("first", &at("x"))).await.unwrap();
    let before = local.documents().await;
    let changes = [
        put(tool("b")),
        Operation::Create(tool("a")).into(),
        put(tool("c")),
        Operation::Delete(id("tool-d")).into(),
        put(tool("c")),
        Change {
            operation: Operation::Replace(tool("a")),
            precondition: Precondition::default(),
        },
    ];
    assert_eq!(
        refused(store.write(&changes, None).await),
        [
            (1, Refusal::AlreadyExists(id("tool-a"))),
            (3, Refusal::NotFound(id("tool-d"))),
            (4, Refusal::Repeated(id("tool-c"))),
            (5, Refusal::Repeated(id("tool-a"))),
        ]
        .map(|(change, refusal)| Refused { change, refusal })
    );
    // What only the table knows is refused as well, the last change included.
    let changes = [put(tool("b")), put(resource("second", &at("x")))];
    assert_eq!(
        refused(store.write(&changes, None).await),
        [Refused {
            change: 1,
            refusal: Refusal::UriTaken {
                uri: "test://x".to_owned(),
                by: id("resource-first"),
            }
        }]
    );
    assert_eq!(local.documents().await, before);
}

#[tokio::test]
async fn conditions_are_those_of_each_change() {
    let local = Local::start().await;
    let store = &local.store;
    let first = create(store, &tool("a")).await.unwrap().revision;
    create(store, &tool("b")).await.unwrap();
    let second = replace(store, &tool("a")).await.unwrap().revision;
    let under = |operation, precondition| Change {
        operation,
        precondition,
    };
    let changes = [
        under(Operation::Put(tool("a")), Precondition::at(first)),
        put(tool("b")),
        under(Operation::Put(tool("c")), Precondition::at(first)),
        under(Operation::Delete(id("tool-d")), Precondition::at(first)),
    ];
    let failed = |name: &str, revision| Refusal::PreconditionFailed {
        id: id(name),
        revision,
    };
    assert_eq!(
        refused(store.write(&changes, None).await),
        [
            (0, failed("tool-a", Some(second))),
            (2, failed("tool-c", None)),
            (3, failed("tool-d", None)),
        ]
        .map(|(change, refusal)| Refused { change, refusal })
    );
    let only_new = Precondition {
        if_match: None,
        if_none_match: Some(Revisions::Any),
    };
    let changes = [
        under(Operation::Delete(id("tool-a")), Precondition::at(second)),
        under(Operation::Create(tool("c")), only_new.clone()),
    ];
    let third = store.write(&changes, None).await.unwrap()[0].revision;
    assert_eq!(third.get(), 4);
    let changes = [under(Operation::Create(tool("c")), only_new)];
    assert_eq!(
        refused(store.write(&changes, None).await)[0].refusal,
        failed("tool-c", Some(third))
    );
}

#[tokio::test]
async fn uris_change_hands_within_a_write() {
    let local = Local::start().await;
    let store = &local.store;
    create(store, &resource("a", &at("x"))).await.unwrap();
    create(store, &resource("b", &at("y"))).await.unwrap();
    // Both at once, which one after the other could not.
    let swapped = [put(resource("a", &at("y"))), put(resource("b", &at("x")))];
    store.write(&swapped, None).await.unwrap();
    let owner = async |uri| store.resource_at(uri).await.unwrap().unwrap().to_string();
    assert_eq!(owner("test://x").await, "b");
    assert_eq!(owner("test://y").await, "a");

    let handed_on = [
        Operation::Delete(id("resource-a")).into(),
        put(resource("c", &at("y"))),
    ];
    store.write(&handed_on, None).await.unwrap();
    assert_eq!(owner("test://y").await, "c");

    let both = [put(resource("d", &at("z"))), put(resource("e", &at("z")))];
    assert_eq!(
        refused(store.write(&both, None).await),
        [Refused {
            change: 1,
            refusal: Refusal::UriTaken {
                uri: "test://z".to_owned(),
                by: id("resource-d"),
            }
        }]
    );
}

#[tokio::test]
async fn what_one_transaction_can_not_hold_says_how_much_it_can() {
    let local = Local::start().await;
    let store = &local.store;
    let named = |index: usize| format!("r{index:02}");
    let resources = |host: &str| -> Vec<Change> {
        (0..40)
            .map(|index| put(resource(&named(index), &at(&format!("{host}/{index}")))))
            .collect()
    };
    // 40 new ones with a URI each are 82 actions; moving them all would be 122.
    store.write(&resources("old"), None).await.unwrap();
    let moved = resources("new");
    let WriteError::TooLarge { fits } = store.write(&moved, None).await.unwrap_err() else {
        panic!("122 actions were taken");
    };
    assert_eq!(fits, 32);
    store.write(&moved[..fits], None).await.unwrap();
    store.write(&moved[fits..], None).await.unwrap();
    assert!(store.resource_at("test://new/39").await.unwrap().is_some());

    // Twice 8,192 characters of four bytes: in the table and in the records.
    let description = "\u{1f525}".repeat(8192);
    let meta = "x".repeat(200_000);
    let large: Vec<Change> = (0..40)
        .map(|index| {
            let json = format!(
                r#"{{"type":"tool","name":"t{index}","description":"{description}","lambdaArn":"{}","_meta":{{"x":"{meta}"}}}}"#,
                crate::support::ARN
            );
            put(Registration::parse(json.as_bytes()).unwrap())
        })
        .collect();
    let WriteError::TooLarge { fits } = store.write(&large, None).await.unwrap_err() else {
        panic!("18 MB were taken");
    };
    assert_eq!(fits, 8);
    store.write(&large[..fits], None).await.unwrap();
}
