//! One registration at a time: from its creation to its end, and what a broken item does.

use registry::{Refusal, RegistrationStore, RegistrationType, Selection, StoreError};

use crate::support::{
    self, Local, create, delete, described_tool, id, names, prompt, refusal, replace, tool,
};

#[tokio::test]
async fn a_registration_lives_from_create_to_delete() {
    let local = Local::start().await;
    let store = &local.store;
    assert_eq!(store.catalog_version().await.unwrap().get(), 0);
    assert!(store.get(&id("tool-a")).await.unwrap().is_none());

    let created = create(store, &tool("a")).await.unwrap();
    assert_eq!(created.revision.get(), 1);
    let read = store.get(&id("tool-a")).await.unwrap().unwrap();
    assert_eq!(read.registration.to_json().get(), tool("a").to_json().get());
    assert_eq!(read.revision, created.revision);
    assert_eq!(read.created_at, read.updated_at);
    let created_at = read.created_at;

    let again = create(store, &described_tool("a", "Other")).await;
    assert_eq!(refusal(again), Refusal::AlreadyExists(id("tool-a")));
    assert_eq!(store.catalog_version().await.unwrap().get(), 1);
    let read = store.get(&id("tool-a")).await.unwrap().unwrap();
    assert_eq!(read.registration.description.as_deref(), Some("A tool"));

    let replaced = replace(store, &described_tool("a", "New")).await.unwrap();
    assert_eq!(replaced.revision.get(), 2);
    let read = store.get(&id("tool-a")).await.unwrap().unwrap();
    assert_eq!(read.registration.description.as_deref(), Some("New"));
    assert_eq!(read.created_at, created_at);

    delete(store, &id("tool-a")).await.unwrap();
    assert!(store.get(&id("tool-a")).await.unwrap().is_none());
    assert_eq!(store.catalog_version().await.unwrap().get(), 3);
    let absent = Refusal::NotFound(id("tool-a"));
    assert_eq!(refusal(delete(store, &id("tool-a")).await), absent);
    assert_eq!(refusal(replace(store, &tool("a")).await), absent);
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
    create(store, &tool("a")).await.unwrap();
    create(store, &prompt("a")).await.unwrap();
    replace(store, &prompt("a")).await.unwrap();
    delete(store, &id("tool-a")).await.unwrap();
    let versions = store.catalog_versions().await.unwrap();
    let of = |kind| versions.of(kind).get();
    assert_eq!(versions.whole.get(), 4);
    assert_eq!(of(RegistrationType::Tool), 4);
    assert_eq!(of(RegistrationType::Prompt), 3);
    assert_eq!(of(RegistrationType::Resource), 0);
}

#[tokio::test]
async fn a_broken_item_takes_nothing_else_down() {
    let local = Local::start().await;
    let store = &local.store;
    create(store, &tool("a")).await.unwrap();
    create(store, &tool("c")).await.unwrap();
    local
        .put_raw(&[("type", "tool"), ("name", "b"), ("document", "{")])
        .await;
    local
        .put_raw(&[("type", "resource"), ("name", "r"), ("uri", "test://r")])
        .await;

    let page = store
        .list(RegistrationType::Tool, &Selection::default(), None, 2)
        .await
        .unwrap();
    assert_eq!(names(&page), ["a", "c"]);
    assert!(page.next.is_none());
    let error = store.get(&id("tool-b")).await.unwrap_err();
    assert!(matches!(&error, StoreError::Corrupt { item, .. } if item == "tool-b"));

    // It can be mended in place, or taken away.
    replace(store, &tool("b")).await.unwrap();
    assert!(store.get(&id("tool-b")).await.unwrap().is_some());
    delete(store, &id("resource-r")).await.unwrap();
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
