use http_body_util::BodyExt;
use proptest::prelude::*;
use serde_json::json;

use super::*;

async fn render(response: Result<Response<ResponseBody>, BadAnswer>) -> String {
    let response = match response {
        Ok(response) => response,
        Err(error) => return format!("error: {}", crate::one_line::one_line(&error)),
    };
    let (parts, body) = response.into_parts();
    let mut lines = vec![parts.status.to_string()];
    lines.extend(
        parts
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())),
    );
    match body.collect().await {
        Ok(body) => lines.push(format!("{:?}", String::from_utf8_lossy(&body.to_bytes()))),
        Err(error) => lines.push(format!("broken off: {error}")),
    }
    lines.join("\n")
}

async fn render_buffered(payload: impl Into<Bytes>) -> String {
    render(buffered(&payload.into())).await
}

async fn render_stream(content_type: &str, chunks: &[Result<&[u8], FunctionFailure>]) -> String {
    let (sender, receiver) = mpsc::channel(chunks.len().max(1));
    for chunk in chunks {
        let chunk = chunk.clone().map(Bytes::copy_from_slice);
        sender.try_send(chunk).unwrap();
    }
    drop(sender);
    render(
        streamed(StreamedAnswer {
            content_type: content_type.to_owned(),
            chunks: receiver,
        })
        .await,
    )
    .await
}

#[tokio::test]
async fn a_document_becomes_a_response() {
    let answer = json!({
        "statusCode": 201,
        "headers": {"Location": "/x", "X-Number": 3, "X-Flag": true, "Content-Length": "99"},
        "cookies": ["a=1", "b=2"],
        "body": "aGk=",
        "isBase64Encoded": true,
    });
    insta::assert_snapshot!(render_buffered(answer.to_string()).await, @r#"
    201 Created
    location: /x
    x-number: 3
    x-flag: true
    set-cookie: a=1
    set-cookie: b=2
    content-type: application/json
    "hi"
    "#);
}

#[tokio::test]
async fn anything_else_is_the_body_of_a_200() {
    insta::assert_snapshot!(render_buffered(r#"{ "a": 1 }"#).await, @r#"
    200 OK
    content-type: application/json
    "{ \"a\": 1 }"
    "#);
    insta::assert_snapshot!(render_buffered(r#""hello""#).await, @r#"
    200 OK
    content-type: application/json
    "hello"
    "#);
    insta::assert_snapshot!(render_buffered("null").await, @r#"
    200 OK
    content-type: application/json
    "null"
    "#);
}

#[tokio::test]
async fn a_wrong_answer_is_no_response() {
    let mut all = Vec::new();
    for payload in [
        "{",
        r#"{"statusCode":"200"}"#,
        r#"{"statusCode":99}"#,
        r#"{"statusCode":101}"#,
        r#"{"statusCode":200,"headers":{"a b":"c"}}"#,
        r#"{"statusCode":200,"headers":{"a":"c\nd"}}"#,
        r#"{"statusCode":200,"headers":{"a":["b"]}}"#,
        r#"{"statusCode":200,"body":{"a":1}}"#,
        r#"{"statusCode":200,"body":"?","isBase64Encoded":true}"#,
    ] {
        all.push(render_buffered(payload).await);
    }
    insta::assert_snapshot!(all.join("\n"));
}

#[tokio::test]
async fn a_stream_begins_with_its_prelude() {
    let whole: &[u8] = b"{\"statusCode\":202,\"headers\":{\"content-type\":\"text/event-stream\"},\"cookies\":[\"a=1\"]}\0\0\0\0\0\0\0\0data: 1\n\n";
    let expected = render_stream(INTEGRATION_RESPONSE, &[Ok(whole)]).await;
    insta::assert_snapshot!(expected, @r#"
    202 Accepted
    content-type: text/event-stream
    set-cookie: a=1
    "data: 1\n\n"
    "#);
    for at in 0..=whole.len() {
        let (head, tail) = whole.split_at(at);
        assert_eq!(
            render_stream(INTEGRATION_RESPONSE, &[Ok(head), Ok(tail)]).await,
            expected,
            "split at {at}"
        );
    }
}

#[tokio::test]
async fn a_stream_without_prelude_is_a_200() {
    insta::assert_snapshot!(render_stream("text/plain", &[Ok(b"a"), Ok(b"b")]).await, @r#"
    200 OK
    content-type: text/plain
    "ab"
    "#);
}

#[tokio::test]
async fn a_broken_stream_is_an_error_before_and_after_the_prelude() {
    let failure = FunctionFailure {
        error_type: "Boom".into(),
        payload: Bytes::from_static(b"{}"),
    };
    let prelude: &[u8] = b"{\"statusCode\":200}\0\0\0\0\0\0\0\0";
    let long = vec![b' '; MAX_PRELUDE + 1];
    let mut all = Vec::new();
    for chunks in [
        vec![Ok(prelude), Ok(&b"x"[..]), Err(failure.clone())],
        vec![Ok(&prelude[..10]), Err(failure)],
        vec![Ok(&prelude[..20])],
        vec![Ok(&long[..])],
        vec![Ok(&b"{}\0\0\0\0\0\0\0\0"[..])],
    ] {
        all.push(render_stream(INTEGRATION_RESPONSE, &chunks).await);
    }
    insta::assert_snapshot!(all.join("\n\n"));
}

proptest! {
    /// No answer of a function takes the host down.
    #[test]
    fn any_bytes_are_a_response_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = buffered(&Bytes::from(bytes));
    }
}
