//! The Lambda API over HTTP, as an SDK calls it.

#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod support;

use bytes::Bytes;
use http::Request;
use http_body_util::BodyExt;
use local_cloud::{Fault, LocalCloud};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use support::*;

const INVOKE: &str = "/2015-03-31/functions/test/invocations";
const STREAM: &str = "/2021-11-15/functions/test/response-streaming-invocations";
const HEADERS: [&str; 3] = [
    "x-amzn-errortype",
    "x-amz-function-error",
    "x-amz-executed-version",
];

async fn call(cloud: &LocalCloud, request: Request<Bytes>) -> String {
    render(send(port(cloud), request).await.unwrap(), &HEADERS).await
}

fn with(mut request: Request<Bytes>, headers: &[(&'static str, &str)]) -> Request<Bytes> {
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    request
}

#[tokio::test]
async fn an_invocation_answers_with_the_functions_payload() {
    let (cloud, _folder, _) = cloud_with(|_| {}).await;
    let event = json!({"action": "respond", "response": {"ok": true}});
    insta::assert_snapshot!(call(&cloud, post(INVOKE, &event)).await, @r#"
    200 OK
    x-amz-executed-version: $LATEST
    {"ok":true}
    "#);
    for name in [
        "test:live",
        "000000000000:function:test",
        "arn:aws:lambda:us-east-1:000000000000:function:test",
        "arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Atest%3A%24LATEST",
    ] {
        let path = format!("/2015-03-31/functions/{name}/invocations?Qualifier=live");
        assert!(
            call(&cloud, post(&path, &event))
                .await
                .ends_with(r#"{"ok":true}"#),
            "{name}"
        );
    }
    insta::assert_snapshot!(call(&cloud, post(INVOKE, &json!({"action": "error"}))).await, @r#"
    200 OK
    x-amz-function-error: Unhandled
    x-amz-executed-version: $LATEST
    {"errorType":"Test.Error","errorMessage":"as asked"}
    "#);
    cloud.shutdown().await;
}

#[tokio::test]
async fn the_client_context_and_the_log_travel() {
    let (cloud, _folder, _) = cloud_with(|_| {}).await;
    // {"custom":{"who":"Zoë"}}
    let context = "eyJjdXN0b20iOnsid2hvIjoiWm/DqyJ9fQ==";
    let request = with(
        post(INVOKE, &json!({"log": "one line"})),
        &[
            ("x-amz-client-context", context),
            ("x-amz-log-type", "Tail"),
        ],
    );
    let response = send(port(&cloud), request).await.unwrap();
    // "one line\n"
    assert_eq!(response.headers()["x-amz-log-result"], "b25lIGxpbmUK");
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let echo: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        echo["headers"]["lambda-runtime-client-context"],
        r#"{"custom":{"who":"Zo\u00eb"}}"#
    );
    cloud.shutdown().await;
}

#[tokio::test]
async fn wrong_requests_get_lambdas_errors() {
    let (cloud, _folder, _) = cloud_with(|_| {}).await;
    let raw = |path: &str, body: &'static str| {
        Request::post(path)
            .body(Bytes::from_static(body.as_bytes()))
            .unwrap()
    };
    let get = Request::get(INVOKE).body(Bytes::new()).unwrap();
    let elsewhere =
        "/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:test/invocations";
    let large = format!("\"{}\"", "x".repeat(6 * 1024 * 1024));
    let event = format!("\"{}\"", "x".repeat(1024 * 1024));
    let mut outcomes = Vec::new();
    for (name, request) in [
        (
            "unknown",
            raw("/2015-03-31/functions/other/invocations", "{}"),
        ),
        ("elsewhere", raw(elsewhere, "{}")),
        (
            "bad name",
            raw("/2015-03-31/functions/a%2Fb/invocations", "{}"),
        ),
        ("not json", raw(INVOKE, "{\"a\":")),
        (
            "too large",
            Request::post(INVOKE).body(Bytes::from(large)).unwrap(),
        ),
        (
            "event too large",
            with(
                Request::post(INVOKE).body(Bytes::from(event)).unwrap(),
                &[("x-amz-invocation-type", "Event")],
            ),
        ),
        (
            "type",
            with(raw(INVOKE, "{}"), &[("x-amz-invocation-type", "Later")]),
        ),
        (
            "context",
            with(raw(INVOKE, "{}"), &[("x-amz-client-context", "e30")]),
        ),
        (
            "long context",
            with(
                raw(INVOKE, "{}"),
                &[("x-amz-client-context", &"A".repeat(3584))],
            ),
        ),
        (
            "operation",
            raw("/2015-03-31/functions/test/concurrency", "{}"),
        ),
        ("method", get),
    ] {
        outcomes.push(format!("{name}: {}", call(&cloud, request).await));
    }
    insta::assert_snapshot!(outcomes.join("\n\n"));
    assert!(
        cloud
            .host()
            .environments("test")
            .iter()
            .all(|environment| environment.invocations == 0)
    );
    cloud.shutdown().await;
}

#[tokio::test]
async fn events_are_accepted_and_dry_runs_run_nothing() {
    let (cloud, _folder, lines) = cloud_with(|_| {}).await;
    let gate = Gate::new().await;
    let event = json!({"gate": gate.port(), "log": "in the background"});
    let accepted = call(
        &cloud,
        with(post(INVOKE, &event), &[("x-amz-invocation-type", "Event")]),
    )
    .await;
    assert_eq!(accepted.trim_end(), "202 Accepted");
    gate.arrival().await.open().await;
    lines.find("in the background").await;
    let before = cloud.host().environments("test");
    let dry = with(
        post(INVOKE, &json!({"action": "exit"})),
        &[("x-amz-invocation-type", "DryRun")],
    );
    assert_eq!(call(&cloud, dry).await.trim_end(), "204 No Content");
    let after = cloud.host().environments("test");
    let count = |environments: &[local_cloud::EnvironmentInfo]| -> u64 {
        environments
            .iter()
            .map(|environment| environment.invocations)
            .sum()
    };
    assert_eq!(count(&before), count(&after));
    cloud.shutdown().await;
}

#[tokio::test]
async fn faults_are_answered_once_each() {
    let (cloud, _folder, _) = cloud_with(|_| {}).await;
    let event = json!({"action": "respond", "response": "fine"});
    let host = cloud.host();
    host.inject("test", 1, Fault::Throttled).unwrap();
    host.inject("test", 1, Fault::Denied).unwrap();
    host.inject("test", 1, Fault::ServiceError).unwrap();
    let mut outcomes = Vec::new();
    for _ in 0..4 {
        outcomes.push(call(&cloud, post(INVOKE, &event)).await);
    }
    insta::assert_snapshot!(outcomes.join("\n\n"));

    host.inject("test", 1, Fault::DropConnection).unwrap();
    assert!(send(port(&cloud), post(INVOKE, &event)).await.is_err());
    let delay = Duration::from_millis(50);
    host.inject("test", 1, Fault::Delay(delay)).unwrap();
    let before = Instant::now();
    assert!(
        call(&cloud, post(INVOKE, &event))
            .await
            .ends_with("\"fine\"")
    );
    assert!(before.elapsed() >= delay);
    assert!(host.inject("other", 1, Fault::Throttled).is_err());
    cloud.shutdown().await;
}

/// The events of an event stream, as `name payload`.
fn events(mut bytes: &[u8]) -> Vec<String> {
    let number = |bytes: &[u8], at: usize| {
        u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
    };
    let mut events = Vec::new();
    while !bytes.is_empty() {
        let (frame, rest) = bytes.split_at(number(bytes, 0));
        let headers_end = 12 + number(frame, 4);
        let headers = String::from_utf8_lossy(&frame[12..headers_end]);
        let name = ["PayloadChunk", "InvokeComplete"]
            .into_iter()
            .find(|name| headers.contains(name))
            .unwrap();
        events.push(format!(
            "{name} {}",
            String::from_utf8_lossy(&frame[headers_end..frame.len() - 4])
        ));
        bytes = rest;
    }
    events
}

#[tokio::test]
async fn a_response_stream_is_framed_chunk_by_chunk() {
    let (cloud, _folder, _) = cloud_with(|_| {}).await;
    let gate = Gate::new().await;
    let event = json!({"action": "stream", "contentType": "text/plain", "chunks": ["one", {"gate": gate.port()}, "two"]});
    let response = send(port(&cloud), post(STREAM, &event)).await.unwrap();
    assert_eq!(
        response.headers()["content-type"],
        "application/vnd.amazon.eventstream"
    );
    assert_eq!(
        response.headers()["x-amzn-response-stream-content-type"],
        "text/plain"
    );
    let mut body = response.into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(events(&first), ["PayloadChunk one"]);
    gate.arrival().await.open().await;
    let rest = body.collect().await.unwrap().to_bytes();
    assert_eq!(events(&rest), ["PayloadChunk two", "InvokeComplete {}"]);

    let mut outcomes = Vec::new();
    for event in [
        json!({"action": "respond", "response": 1}),
        json!({"action": "error"}),
        json!({"action": "stream", "contentType": "text/plain", "chunks": ["a"], "end": "trailer"}),
    ] {
        let response = send(port(&cloud), post(STREAM, &event)).await.unwrap();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        outcomes.push(events(&body).join("\n"));
    }
    insta::assert_snapshot!(outcomes.join("\n\n"));
    cloud.shutdown().await;
}

#[tokio::test]
async fn a_stream_read_whole_is_an_ordinary_answer() {
    let (cloud, _folder, _) = cloud_with(|_| {}).await;
    let event =
        json!({"action": "stream", "contentType": "application/json", "chunks": ["{\"a\"", ":1}"]});
    assert!(
        call(&cloud, post(INVOKE, &event))
            .await
            .ends_with("\n{\"a\":1}")
    );
    cloud.shutdown().await;
}
