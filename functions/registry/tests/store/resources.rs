//! Resources and where they are: a URI leads to one of them.

use registry::{Refusal, RegistrationStore, RegistrationType, ResourceFilter, Selection};

use crate::support::{Local, create, delete, id, names, refusal, replace, resource};

#[tokio::test]
async fn resources_are_found_by_uri_and_filtered() {
    let local = Local::start().await;
    let store = &local.store;
    create(store, &resource("one", r#""uri":"test://one""#))
        .await
        .unwrap();
    create(
        store,
        &resource("many", r#""uriTemplate":"test://many/{id}""#),
    )
    .await
    .unwrap();
    create(
        store,
        &resource("asked", r#""parameters":{"uriTemplate":"ask://{q}"}"#),
    )
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
        let selection = Selection {
            resources: filter,
            ..Selection::default()
        };
        let page = store
            .list(RegistrationType::Resource, &selection, None, 10)
            .await
            .unwrap();
        assert_eq!(names(&page), expected);
    }
}

#[tokio::test]
async fn a_uri_has_one_resource() {
    let local = Local::start().await;
    let store = &local.store;
    create(store, &resource("first", r#""uri":"test://x""#))
        .await
        .unwrap();
    create(store, &resource("second", r#""uri":"test://y""#))
        .await
        .unwrap();
    let taken = |result| match refusal(result) {
        Refusal::UriTaken { uri, by } => format!("{uri} {by}"),
        other => panic!("{other:?}"),
    };
    let third = resource("third", r#""uri":"test://x""#);
    assert_eq!(
        taken(create(store, &third).await),
        "test://x resource-first"
    );
    let second = resource("second", r#""uri":"test://x""#);
    assert_eq!(
        taken(replace(store, &second).await),
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
    replace(store, &first).await.unwrap();
    replace(store, &second).await.unwrap();
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
    delete(store, &id("resource-first")).await.unwrap();
    assert_eq!(
        local.items().await,
        [
            "catalog/version: promptVersion resourceVersion toolVersion version",
            "resource-uri/test://x: registration",
            "resource/second: createdAt document lambdaArn revision updatedAt uri",
        ]
    );
    delete(store, &id("resource-second")).await.unwrap();
    assert_eq!(
        local.items().await,
        ["catalog/version: promptVersion resourceVersion toolVersion version"]
    );
}
