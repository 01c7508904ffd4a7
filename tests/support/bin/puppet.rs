//! A Lambda function that does what its command line says, for tests of what the gateway makes of it.
//!
//! `puppet echo` answers with the event and the client context, `reply TEXT` with the text as it is, `big BYTES` with
//! a JSON string, `error TYPE` with an error report, `exit` ends the process, `hang` never answers. `stream LINES`
//! writes the lines as a response stream. `remote ADDRESS` sends the event there as one line and answers with the line
//! that comes back, `remote-stream ADDRESS` with all lines until the connection ends, as they come. `ask QUESTIONS` asks for input with the state
//! `{"round":1}` until it gets `inputResponses`, which it then answers with.

use anyhow::{Context, Result};
use bytes::Bytes;
use http::Request;
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;

type Body = UnsyncBoxBody<Bytes, std::io::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let mode = words.next().unwrap_or_else(|| "echo".to_owned());
    let argument = words.next().unwrap_or_default();
    let authority = std::env::var("AWS_LAMBDA_RUNTIME_API").context("not run by Lambda")?;
    let invocations = format!("http://{authority}/2018-06-01/runtime/invocation");
    let client: Client<HttpConnector, Body> = Client::builder(TokioExecutor::new()).build_http();
    loop {
        let next = Request::get(format!("{invocations}/next")).body(whole(String::new()))?;
        let next = client.request(next).await?;
        let id = header(&next, "lambda-runtime-aws-request-id");
        let client_context = header(&next, "lambda-runtime-client-context");
        let event = next.into_body().collect().await?.to_bytes();
        let (kind, answer) = match mode.as_str() {
            "reply" | "stream" => ("response", argument.clone()),
            "big" => ("response", json!("x".repeat(argument.parse()?)).to_string()),
            "error" => (
                "error",
                json!({ "errorType": argument, "errorMessage": "s3cr3t" }).to_string(),
            ),
            "exit" => std::process::exit(3),
            "ask" => ("response", ask(&event, &argument)?.to_string()),
            "remote" => (
                "response",
                lines(&argument, &event)
                    .await?
                    .next_line()
                    .await?
                    .unwrap_or_default(),
            ),
            "remote-stream" => ("response", String::new()),
            "hang" => std::future::pending().await,
            _ => ("response", echo(&event, &client_context)?.to_string()),
        };
        let mut post = Request::post(format!("{invocations}/{id}/{kind}"));
        if mode.ends_with("stream") {
            post = post.header("lambda-runtime-function-response-mode", "streaming");
        }
        let body = match mode.as_str() {
            "remote-stream" => streamed(lines(&argument, &event).await?),
            _ => whole(answer),
        };
        let post = post.body(body)?;
        client.request(post).await?.into_body().collect().await?;
    }
}

fn whole(text: String) -> Body {
    Full::from(text)
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// Sends the event to whoever is in charge; answers what they say, line by line.
async fn lines(address: &str, event: &[u8]) -> Result<Lines<BufReader<TcpStream>>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(event).await?;
    stream.write_all(b"\n").await?;
    Ok(BufReader::new(stream).lines())
}

fn streamed(lines: Lines<BufReader<TcpStream>>) -> Body {
    let frames = futures_util::stream::try_unfold(lines, |mut lines| async move {
        let line = lines.next_line().await?;
        Ok(line.map(|line| (Frame::data(Bytes::from(line + "\n")), lines)))
    });
    BodyExt::boxed_unsync(StreamBody::new(frames))
}

fn echo(event: &[u8], client_context: &str) -> Result<Value> {
    let event: Value = serde_json::from_slice(event)?;
    let client_context: Value = serde_json::from_str(client_context).unwrap_or_default();
    Ok(json!({ "event": event, "clientContext": client_context }))
}

/// What it was told, once it was; until then its questions.
fn ask(event: &[u8], questions: &str) -> Result<Value> {
    let event: Value = serde_json::from_slice(event)?;
    let answered = event.get("inputResponses").is_some();
    if answered {
        let told = json!({ "inputResponses": event["inputResponses"], "requestState": event["requestState"] });
        return Ok(match event["action"].as_str() {
            Some(_) => json!({ "contents": [{ "uri": event["uri"], "text": told.to_string() }] }),
            None => told,
        });
    }
    let questions: Value = serde_json::from_str(questions)?;
    Ok(json!({
        "resultType": "input_required", "inputRequests": questions, "requestState": { "round": 1 },
    }))
}

fn header(response: &http::Response<hyper::body::Incoming>, name: &str) -> String {
    let value = response
        .headers()
        .get(name)
        .and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}
