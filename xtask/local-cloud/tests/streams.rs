//! Streamed answers between a real process and the host's caller.

#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod support;

use std::time::Duration;

use local_cloud::{Answer, EnvironmentState};
use serde_json::json;
use support::*;

#[tokio::test]
async fn a_stream_arrives_chunk_by_chunk() {
    let host = host();
    let gate = Gate::new().await;
    let event = json!({"action": "stream", "contentType": "text/plain", "chunks": ["one", {"gate": gate.port()}, "two"]});
    let Answer::Streaming(mut stream) = invoke(&host, &event).await.answer else {
        panic!("expected a stream")
    };
    assert_eq!(stream.content_type, "text/plain");
    // The function stands at its gate: what has arrived was passed on before the rest was written.
    assert_eq!(stream.chunks.recv().await.unwrap().unwrap(), "one");
    gate.arrival().await.open().await;
    assert_eq!(stream.chunks.recv().await.unwrap().unwrap(), "two");
    assert!(stream.chunks.recv().await.is_none());
    host.shutdown().await;
}

#[tokio::test]
async fn a_stream_that_breaks_off_says_why() {
    let gate = Gate::new().await;
    let mut ends = Vec::new();
    for (name, chunks, end) in [
        ("trailer", json!(["a"]), "trailer"),
        ("abort", json!(["a"]), "abort"),
        ("exit", json!(["a"]), "exit"),
        ("deadline", json!(["a", {"gate": gate.port()}]), ""),
    ] {
        let (host, _) = host_with(|spec, _| {
            spec.timeout = Duration::from_secs(if end.is_empty() { 1 } else { 30 });
        });
        let event =
            json!({"action": "stream", "contentType": "text/plain", "chunks": chunks, "end": end});
        let invoked = invoke(&host, &event).await;
        let Answer::Streaming(mut stream) = invoked.answer else {
            panic!("expected a stream")
        };
        assert_eq!(stream.chunks.recv().await.unwrap().unwrap(), "a");
        let failure = stream.chunks.recv().await.unwrap().unwrap_err();
        let text = failure.to_string().replace(&invoked.request_id, "ID");
        ends.push(format!(
            "{name}: {} {}",
            failure.error_type,
            without_date(&text)
        ));
        assert!(stream.chunks.recv().await.is_none());
        host.shutdown().await;
    }
    insta::assert_snapshot!(ends.join("\n"));
}

#[tokio::test]
async fn a_client_that_goes_away_does_not_interrupt_the_function() {
    let (host, _) = host_with(|_, _| {});
    let (first, last) = (Gate::new().await, Gate::new().await);
    let event = json!({
        "action": "stream",
        "contentType": "text/plain",
        "chunks": ["a", {"gate": first.port()}, {"bytes": 4_000_000}, {"gate": last.port()}, "z"],
    });
    let invoked = invoke(&host, &event).await;
    drop(invoked);
    first.arrival().await.open().await;
    // Four megabytes went nowhere, and the function goes on to its end.
    last.arrival().await.open().await;
    let pid = host.environments("test")[0].pid;
    let finished = async {
        while host.environments("test")[0].state == EnvironmentState::Busy {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, finished).await.unwrap();
    assert_eq!(buffered(invoke(&host, &json!({})).await)["pid"], pid);
    host.shutdown().await;
}

#[tokio::test]
async fn a_stream_ends_at_200_megabytes() {
    let (host, _) = host_with(|_, _| {});
    let event = json!({"action": "stream", "contentType": "text/plain", "chunks": [{"bytes": 200 * 1024 * 1024 + 1}]});
    let Answer::Streaming(mut stream) = invoke(&host, &event).await.answer else {
        panic!("expected a stream")
    };
    let mut length = 0;
    let failure = loop {
        match stream.chunks.recv().await.unwrap() {
            Ok(chunk) => length += chunk.len(),
            Err(failure) => break failure,
        }
    };
    assert!(length <= 200 * 1024 * 1024);
    assert_eq!(failure.error_type, "Function.ResponseSizeTooLarge");
    host.shutdown().await;
}

#[tokio::test]
async fn an_environment_that_dropped_its_stream_is_used_again() {
    let host = host();
    for _ in 0..20 {
        let event = json!({"action": "stream", "contentType": "text/plain", "chunks": ["a"], "end": "abort"});
        let Answer::Streaming(mut stream) = invoke(&host, &event).await.answer else {
            panic!("expected a stream")
        };
        while stream.chunks.recv().await.is_some() {}
        buffered(invoke(&host, &json!({})).await);
    }
    assert_eq!(host.environments("test").len(), 1);
    assert_eq!(host.environments("test")[0].invocations, 40);
    host.shutdown().await;
}
