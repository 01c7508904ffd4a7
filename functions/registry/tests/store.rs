//! The store does what its port promises, over `DynamoDB` itself.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

use std::collections::BTreeSet;

use registry::{
    CatalogVersion, Page, Registration, RegistrationId, RegistrationStore, RegistrationType,
    ResourceFilter, StoreError, StoredRegistration,
};
use support::Local;

mod support;

const ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:f";

fn tool(name: &str) -> Registration {
    described_tool(name, "A tool")
}

fn described_tool(name: &str, description: &str) -> Registration {
    let json = format!(
        r#"{{"type":"tool","name":"{name}","description":"{description}","lambdaArn":"{ARN}"}}"#
    );
    Registration::parse(json.as_bytes()).unwrap()
}

fn prompt(name: &str) -> Registration {
    let json = format!(r#"{{"type":"prompt","name":"{name}","lambdaArn":"{ARN}"}}"#);
    Registration::parse(json.as_bytes()).unwrap()
}

fn resource(name: &str, locator: &str) -> Registration {
    let json = format!(r#"{{"type":"resource","name":"{name}","lambdaArn":"{ARN}",{locator}}}"#);
    Registration::parse(json.as_bytes()).unwrap()
}

fn id(id: &str) -> RegistrationId {
    id.parse().unwrap()
}

fn names(page: &Page<StoredRegistration>) -> Vec<&str> {
    page.entries
        .iter()
        .map(|entry| entry.registration.name.as_str())
        .collect()
}

#[tokio::test]
async fn a_registration_lives_from_create_to_delete() {
    let local = Local::start().await;
    let store = &local.store;
    assert_eq!(store.catalog_version().await.unwrap().get(), 0);
    assert!(store.get(&id("tool-a")).await.unwrap().is_none());

    let created = store.create(&tool("a")).await.unwrap();
    assert_eq!(created.revision.get(), 1);
    assert_eq!(created.created_at, created.updated_at);
    let read = store.get(&id("tool-a")).await.unwrap().unwrap();
    assert_eq!(read.registration.to_json().get(), tool("a").to_json().get());
    assert_eq!(
        (read.revision, &read.created_at),
        (created.revision, &created.created_at)
    );

    let again = store.create(&described_tool("a", "Other")).await;
    assert!(matches!(again, Err(StoreError::AlreadyExists(taken)) if taken == id("tool-a")));
    assert_eq!(store.catalog_version().await.unwrap().get(), 1);
    let read = store.get(&id("tool-a")).await.unwrap().unwrap();
    assert_eq!(read.registration.description.as_deref(), Some("A tool"));

    let replaced = store.replace(&described_tool("a", "New")).await.unwrap();
    assert_eq!(replaced.revision.get(), 2);
    assert_eq!(replaced.created_at, created.created_at);
    let read = store.get(&id("tool-a")).await.unwrap().unwrap();
    assert_eq!(read.registration.description.as_deref(), Some("New"));

    store.delete(&id("tool-a")).await.unwrap();
    assert!(store.get(&id("tool-a")).await.unwrap().is_none());
    assert_eq!(store.catalog_version().await.unwrap().get(), 3);
    assert!(matches!(
        store.delete(&id("tool-a")).await,
        Err(StoreError::NotFound(_))
    ));
    assert!(matches!(
        store.replace(&tool("a")).await,
        Err(StoreError::NotFound(_))
    ));
    assert_eq!(store.catalog_version().await.unwrap().get(), 3);
    assert_eq!(
        local.items().await,
        ["catalog/version: promptVersion resourceVersion toolVersion version"]
    );
}

#[tokio::test]
async fn each_type_has_the_version_of_its_last_write() {
    let local = Local::start().await;
    let store = &local.store;
    store.create(&tool("a")).await.unwrap();
    store.create(&prompt("a")).await.unwrap();
    store.replace(&prompt("a")).await.unwrap();
    store.delete(&id("tool-a")).await.unwrap();
    let versions = store.catalog_versions().await.unwrap();
    let of = |kind| versions.of(kind).get();
    assert_eq!(versions.whole.get(), 4);
    assert_eq!(of(RegistrationType::Tool), 4);
    assert_eq!(of(RegistrationType::Prompt), 3);
    assert_eq!(of(RegistrationType::Resource), 0);
}

#[tokio::test]
async fn eight_writers_at_once_lose_nothing() {
    let local = Local::start().await;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..8 {
        let store = local.store.clone();
        writers.spawn(async move {
            let mut revisions = Vec::new();
            for write in 0..4 {
                let stored = store.create(&tool(&format!("w{writer}-{write}"))).await;
                revisions.push(stored.unwrap().revision);
            }
            revisions
        });
    }
    let revisions: BTreeSet<CatalogVersion> =
        writers.join_all().await.into_iter().flatten().collect();
    let expected: BTreeSet<CatalogVersion> = (1..=32).map(CatalogVersion::new).collect();
    assert_eq!(revisions, expected);
    assert_eq!(local.store.catalog_version().await.unwrap().get(), 32);
    let page = local
        .store
        .list(RegistrationType::Tool, ResourceFilter::Any, None, 100)
        .await
        .unwrap();
    assert_eq!(page.entries.len(), 32);
}

#[tokio::test]
async fn writers_of_one_registration_take_turns() {
    let local = Local::start().await;
    local.store.create(&tool("shared")).await.unwrap();
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..6 {
        let store = local.store.clone();
        writers.spawn(async move {
            let registration = described_tool("shared", &format!("by {writer}"));
            store.replace(&registration).await.unwrap().revision.get()
        });
    }
    let mut revisions = writers.join_all().await;
    revisions.sort_unstable();
    assert_eq!(revisions, [2, 3, 4, 5, 6, 7]);
    let last = local.store.get(&id("tool-shared")).await.unwrap().unwrap();
    assert_eq!(last.revision.get(), 7);
}

#[tokio::test]
async fn more_than_a_query_page_is_listed_completely() {
    let local = Local::start().await;
    // 3 MB in all, so that DynamoDB ends at least two answers early.
    let filler = "x".repeat(8000);
    let expected: Vec<String> = (0..400).map(|index| format!("tool-{index:03}")).collect();
    for name in &expected {
        let registration = described_tool(name, &filler);
        local.store.create(&registration).await.unwrap();
    }
    let mut listed: Vec<String> = Vec::new();
    let mut after = None;
    let mut pages = 0;
    loop {
        let page = local
            .store
            .list(
                RegistrationType::Tool,
                ResourceFilter::Any,
                after.as_ref(),
                1000,
            )
            .await
            .unwrap();
        pages += 1;
        let bytes: usize = page
            .entries
            .iter()
            .map(|entry| entry.registration.to_json().get().len())
            .sum();
        assert!(bytes <= 1 << 20, "a page of {bytes} bytes");
        listed.extend(names(&page).into_iter().map(ToOwned::to_owned));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(listed, expected);
    assert!(pages >= 3, "{pages} pages");
}

#[tokio::test]
async fn pages_end_where_the_limit_says() {
    let local = Local::start().await;
    for name in ["b", "a-1", "c", "a", "B"] {
        local.store.create(&tool(name)).await.unwrap();
    }
    let list = async |after: Option<&str>, limit| {
        let after = after.map(|name| name.parse().unwrap());
        let page = local
            .store
            .list(
                RegistrationType::Tool,
                ResourceFilter::Any,
                after.as_ref(),
                limit,
            )
            .await
            .unwrap();
        let names: Vec<String> = names(&page).into_iter().map(ToOwned::to_owned).collect();
        (names.join(" "), page.next.map(|name| name.to_string()))
    };
    assert_eq!(list(None, 2).await, ("B a".into(), Some("a".into())));
    assert_eq!(list(Some("a"), 2).await, ("a-1 b".into(), Some("b".into())));
    assert_eq!(list(Some("b"), 2).await, ("c".into(), None));
    assert_eq!(list(None, 5).await, ("B a a-1 b c".into(), None));
    // A cursor outlives the registration that it names.
    local.store.delete(&id("tool-a")).await.unwrap();
    assert_eq!(list(Some("a"), 1).await, ("a-1".into(), Some("a-1".into())));
    assert_eq!(list(Some("zzz"), 1).await, (String::new(), None));
}

#[tokio::test]
async fn resources_are_found_by_uri_and_filtered() {
    let local = Local::start().await;
    let store = &local.store;
    store
        .create(&resource("one", r#""uri":"test://one""#))
        .await
        .unwrap();
    store
        .create(&resource("many", r#""uriTemplate":"test://many/{id}""#))
        .await
        .unwrap();
    store
        .create(&resource(
            "asked",
            r#""parameters":{"uriTemplate":"ask://{q}"}"#,
        ))
        .await
        .unwrap();

    assert_eq!(
        store
            .resource_at("test://one")
            .await
            .unwrap()
            .unwrap()
            .as_str(),
        "one"
    );
    for unknown in ["test://two", "", &"x".repeat(2000)] {
        assert_eq!(store.resource_at(unknown).await.unwrap(), None);
    }
    let templates: Vec<String> = store
        .resource_templates()
        .await
        .unwrap()
        .into_iter()
        .map(|entry| format!("{} {} {}", entry.name, entry.template, entry.lists))
        .collect();
    assert_eq!(
        templates,
        ["asked ask://{q} true", "many test://many/{id} false"]
    );
    for (filter, expected) in [
        (ResourceFilter::Any, vec!["asked", "many", "one"]),
        (ResourceFilter::Uris, vec!["one"]),
        (ResourceFilter::Templates, vec!["asked", "many"]),
    ] {
        let page = store
            .list(RegistrationType::Resource, filter, None, 10)
            .await
            .unwrap();
        assert_eq!(names(&page), expected);
    }
}

#[tokio::test]
async fn a_uri_has_one_resource() {
    let local = Local::start().await;
    let store = &local.store;
    store
        .create(&resource("first", r#""uri":"test://x""#))
        .await
        .unwrap();
    store
        .create(&resource("second", r#""uri":"test://y""#))
        .await
        .unwrap();
    let taken = |result: Result<StoredRegistration, StoreError>| match result {
        Err(StoreError::UriTaken { uri, by }) => format!("{uri} {by}"),
        other => panic!("{other:?}"),
    };
    let third = resource("third", r#""uri":"test://x""#);
    assert_eq!(taken(store.create(&third).await), "test://x resource-first");
    let second = resource("second", r#""uri":"test://x""#);
    assert_eq!(
        taken(store.replace(&second).await),
        "test://x resource-first"
    );
    assert_eq!(store.catalog_version().await.unwrap().get(), 2);
    assert_eq!(
        store
            .resource_at("test://y")
            .await
            .unwrap()
            .unwrap()
            .as_str(),
        "second"
    );

    // Moving away frees the URI, and so does deleting.
    let first = resource("first", r#""uriTemplate":"test://{x}""#);
    store.replace(&first).await.unwrap();
    store.replace(&second).await.unwrap();
    assert_eq!(
        store
            .resource_at("test://x")
            .await
            .unwrap()
            .unwrap()
            .as_str(),
        "second"
    );
    assert_eq!(store.resource_at("test://y").await.unwrap(), None);
    store.delete(&id("resource-first")).await.unwrap();
    assert_eq!(
        local.items().await,
        [
            "catalog/version: promptVersion resourceVersion toolVersion version",
            "resource-uri/test://x: registration",
            "resource/second: createdAt document lambdaArn revision updatedAt uri",
        ]
    );
    store.delete(&id("resource-second")).await.unwrap();
    assert_eq!(
        local.items().await,
        ["catalog/version: promptVersion resourceVersion toolVersion version"]
    );
}

#[tokio::test]
async fn a_broken_item_takes_nothing_else_down() {
    let local = Local::start().await;
    let store = &local.store;
    store.create(&tool("a")).await.unwrap();
    store.create(&tool("c")).await.unwrap();
    local
        .put_raw(&[("type", "tool"), ("name", "b"), ("document", "{")])
        .await;
    local
        .put_raw(&[("type", "resource"), ("name", "r"), ("uri", "test://r")])
        .await;

    let page = store
        .list(RegistrationType::Tool, ResourceFilter::Any, None, 2)
        .await
        .unwrap();
    assert_eq!(names(&page), ["a", "c"]);
    assert!(page.next.is_none());
    let error = store.get(&id("tool-b")).await.unwrap_err();
    assert!(matches!(&error, StoreError::Corrupt { item, .. } if item == "tool-b"));

    // It can be mended in place, or taken away.
    store.replace(&tool("b")).await.unwrap();
    assert!(store.get(&id("tool-b")).await.unwrap().is_some());
    store.delete(&id("resource-r")).await.unwrap();
    assert!(store.get(&id("resource-r")).await.unwrap().is_none());
}

#[tokio::test]
async fn a_missing_table_is_said_without_internals_leaking() {
    let local = Local::start().await;
    let store = support::store(&local.client, "elsewhere");
    let error = store.catalog_version().await.unwrap_err();
    let StoreError::Unavailable(source) = &error else {
        panic!("{error:?}");
    };
    assert_eq!(error.to_string(), "the table is unavailable");
    assert!(source.to_string().contains("ResourceNotFoundException"));
}
