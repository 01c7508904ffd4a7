//! Who did what to a registration.

use crate::support::{Function, Sent, body, tool};

#[tokio::test]
async fn every_change_says_who_when_and_what() {
    let function = Function::start().await;
    let target = "/register/tool-a";
    function.show("POST", "/register", Some(&tool("a"))).await;
    function
        .show("PATCH", target, Some(r#"{"title":"A"}"#))
        .await;
    function.show("PUT", target, Some(&tool("a"))).await;
    function.show("DELETE", target, None).await;
    let mut changes = Vec::new();
    let mut query = "?limit=3".to_owned();
    loop {
        let sent = Sent {
            method: "GET",
            target: &format!("{target}/changes{query}"),
            ..Sent::default()
        };
        let mut part = body(&function.send(sent).await);
        changes.append(part["changes"].as_array_mut().unwrap());
        match part["nextCursor"].as_str() {
            Some(cursor) => query = format!("?limit=3&cursor={cursor}"),
            None => break,
        }
    }
    for change in &mut changes {
        let at = change["at"].take();
        assert!(at.as_str().unwrap().starts_with("20"), "{at}");
    }
    insta::assert_json_snapshot!(changes);
}
