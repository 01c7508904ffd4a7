//! Several writers at once lose nothing.

use std::collections::BTreeSet;

use registry::{CatalogVersion, RegistrationStore, RegistrationType, Selection};

use crate::support::{Local, create, described_tool, id, replace, tool};

#[tokio::test]
async fn eight_writers_at_once_lose_nothing() {
    let local = Local::start().await;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..8 {
        let store = local.store.clone();
        writers.spawn(async move {
            let mut revisions = Vec::new();
            for write in 0..4 {
                let stored = create(&store, &tool(&format!("w{writer}-{write}"))).await;
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
        .list(RegistrationType::Tool, &Selection::default(), None, 100)
        .await
        .unwrap();
    assert_eq!(page.entries.len(), 32);
}

#[tokio::test]
async fn writers_of_one_registration_take_turns() {
    let local = Local::start().await;
    create(&local.store, &tool("shared")).await.unwrap();
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..6 {
        let store = local.store.clone();
        writers.spawn(async move {
            let registration = described_tool("shared", &format!("by {writer}"));
            replace(&store, &registration).await.unwrap().revision.get()
        });
    }
    let mut revisions = writers.join_all().await;
    revisions.sort_unstable();
    assert_eq!(revisions, [2, 3, 4, 5, 6, 7]);
    let last = local.store.get(&id("tool-shared")).await.unwrap().unwrap();
    assert_eq!(last.revision.get(), 7);
}
