//! Lists: whole, in order, in parts.

use registry::{RegistrationStore, RegistrationType, Selection};

use crate::support::{Local, create, delete, described_tool, id, names, tool};

#[tokio::test]
async fn more_than_a_query_page_is_listed_completely() {
    let local = Local::start().await;
    // 3 MB in all, so that DynamoDB ends at least two answers early.
    let filler = "x".repeat(8000);
    let expected: Vec<String> = (0..400).map(|index| format!("tool-{index:03}")).collect();
    for name in &expected {
        let registration = described_tool(name, &filler);
        create(&local.store, &registration).await.unwrap();
    }
    let mut listed: Vec<String> = Vec::new();
    let mut after = None;
    let mut pages = 0;
    loop {
        let page = local
            .store
            .list(
                RegistrationType::Tool,
                &Selection::default(),
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
        create(&local.store, &tool(name)).await.unwrap();
    }
    let list = async |after: Option<&str>, limit| {
        let after = after.map(|name| name.parse().unwrap());
        let page = local
            .store
            .list(
                RegistrationType::Tool,
                &Selection::default(),
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
    delete(&local.store, &id("tool-a")).await.unwrap();
    assert_eq!(list(Some("a"), 1).await, ("a-1".into(), Some("a-1".into())));
    assert_eq!(list(Some("zzz"), 1).await, (String::new(), None));
}
