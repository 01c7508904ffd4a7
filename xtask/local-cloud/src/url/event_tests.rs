use http::Request;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::credentials::{Credentials, Principal};

fn event_of(request: Request<&[u8]>, caller: Option<&Principal>) -> Value {
    let (parts, body) = request.into_parts();
    let context = Context {
        function: "mcp",
        peer: "127.0.0.1:4000".parse().unwrap(),
        port: 9100,
        caller,
    };
    let event = event(&parts, &Bytes::copy_from_slice(body), &context).unwrap();
    serde_json::from_slice(&event).unwrap()
}

fn stable(mut event: Value) -> Value {
    event["requestContext"]["requestId"] = "ID".into();
    event["requestContext"]["time"] = "TIME".into();
    event["requestContext"]["timeEpoch"] = 0.into();
    event["headers"]["x-amzn-trace-id"] = "TRACE".into();
    event
}

#[test]
fn a_request_becomes_an_event_without_path_parameters() {
    let request = Request::post("/a%2Fb/c?x=1&y=a%20b&x=2+3&flag")
        .header("Host", "127.0.0.1:9100")
        .header("Content-Type", "application/json; charset=utf-8")
        .header("Cookie", "a=1; b=2")
        .header("Cookie", "c=3")
        .header("User-Agent", "curl/8")
        .header("X-Many", "one")
        .header("x-many", "two")
        .header("Transfer-Encoding", "chunked")
        .body(&b"{\"a\":1}"[..])
        .unwrap();
    insta::assert_json_snapshot!(stable(event_of(request, None)));
}

#[test]
fn a_signed_request_tells_who_called() {
    let caller = Principal {
        name: "local".into(),
        arn: "arn:aws:iam::000000000000:user/local".into(),
        user_id: "AIDALOCAL".into(),
        credentials: Credentials {
            access_key_id: "AKIALOCAL".into(),
            secret_access_key: "secret".into(),
            session_token: None,
        },
    };
    let request = Request::get("/mcp")
        .header("Authorization", "AWS4-HMAC-SHA256 …")
        .body(&b""[..])
        .unwrap();
    let event = event_of(request, Some(&caller));
    assert_eq!(event["headers"].get("authorization"), None);
    assert_eq!(event.get("body"), None);
    assert_eq!(event["requestContext"]["accountId"], "000000000000");
    insta::assert_json_snapshot!(event["requestContext"]["authorizer"]);
}

#[test]
fn bodies_are_text_only_if_their_type_and_bytes_are() {
    let encoded = |content_type: Option<&str>, body: &[u8]| {
        let mut request = Request::post("/");
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let event = event_of(request.body(body).unwrap(), None);
        (event["body"].clone(), event["isBase64Encoded"].clone())
    };
    for text in [
        "text/plain",
        "Application/JSON",
        "application/javascript",
        "application/xml",
        "application/ld+json",
        "image/svg+xml",
        "application/x-www-form-urlencoded",
    ] {
        assert_eq!(
            encoded(Some(text), b"ab"),
            (json!("ab"), json!(false)),
            "{text}"
        );
    }
    for binary in [
        Some("application/octet-stream"),
        Some("image/png"),
        Some("application/jsonx"),
        None,
    ] {
        assert_eq!(
            encoded(binary, b"ab"),
            (json!("YWI="), json!(true)),
            "{binary:?}"
        );
    }
    assert_eq!(
        encoded(Some("application/json"), b"\xff"),
        (json!("/w=="), json!(true))
    );
}

proptest! {
    /// Whatever a client sends, the event is JSON and gives the body back.
    #[test]
    fn any_body_and_path_survive(body in proptest::collection::vec(any::<u8>(), 1..200), path in "/[!-~&&[^#?<>`\"{}|^]]{0,40}", query in "[!-~&&[^#<>\"]]{0,40}") {
        let request = Request::post(format!("{path}?{query}")).body(&body[..]);
        prop_assume!(request.is_ok());
        let request = request.unwrap();
        let received = request.uri().path().to_owned();
        let event = event_of(request, None);
        prop_assert_eq!(event["rawPath"].as_str().unwrap(), received);
        let text = event["body"].as_str().unwrap();
        prop_assert_eq!(BASE64_STANDARD.decode(text).unwrap(), body);
    }
}
