//! A function for this package's tests: speaks the Runtime API by hand and does what its event says, good or bad.
//!
//! The first argument can make it fail to initialise: `crash`, `report` (an init error) or `hang`.

mod http;
mod registrations;

use std::io::Read;
use std::net::TcpStream;
use std::process::ExitCode;

use serde_json::{Value, json};

use self::http::{Event, RuntimeApi};
use self::registrations::Registrations;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("crash") => {
            eprintln!("can't go on");
            return ExitCode::from(7);
        }
        Some("hang") => loop {
            std::thread::park();
        },
        Some("report") => {
            let error = json!({"errorType": "Test.Init", "errorMessage": "no configuration"});
            let reported =
                RuntimeApi::connect().and_then(|mut api| api.init_error(&error.to_string()));
            return if reported.is_ok() {
                ExitCode::from(1)
            } else {
                ExitCode::from(2)
            };
        }
        _ => {}
    }
    // The host is gone, or refuses to go on: the function ends, as Lambda runtimes do.
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("runtime API: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve() -> std::io::Result<()> {
    let mut api = RuntimeApi::connect()?;
    let mut registrations = Registrations::default();
    loop {
        let event = api.next()?;
        let document: Value = serde_json::from_slice(&event.payload).unwrap_or(Value::Null);
        if document["rawPath"]
            .as_str()
            .is_some_and(|path| path.starts_with("/register"))
            && is_plain(&document)
        {
            api.respond(&event, &registrations.answer(&document).to_string())?;
        } else {
            act(&mut api, &event, &document)?;
        }
    }
}

/// Whether a Function URL's event gives no instruction and is about a registration.
fn is_plain(document: &Value) -> bool {
    document["headers"]["x-test"].is_null() && instruction(document)["action"].is_null()
}

/// What to do: the event itself, or the body of a Function URL's event.
fn instruction(document: &Value) -> Value {
    let body = document["body"]
        .as_str()
        .and_then(|body| serde_json::from_str(body).ok());
    if document.get("rawPath").is_some() {
        body.unwrap_or(Value::Null)
    } else {
        document.clone()
    }
}

fn act(api: &mut RuntimeApi, event: &Event, document: &Value) -> std::io::Result<()> {
    let todo = instruction(document);
    if let Some(line) = todo["log"].as_str() {
        println!("{line}");
    }
    if let Some(port) = todo["gate"].as_u64() {
        wait_at(port)?;
    }
    match todo["action"].as_str().unwrap_or("echo") {
        "exit" => {
            std::process::exit(i32::try_from(todo["code"].as_i64().unwrap_or(1)).unwrap_or(1))
        }
        "error" => api.error(
            event,
            &json!({"errorType": "Test.Error", "errorMessage": "as asked"}).to_string(),
        ),
        "big" => {
            let length = usize::try_from(todo["bytes"].as_u64().unwrap_or(0)).unwrap_or(0);
            api.respond(
                event,
                &format!("\"{}\"", "x".repeat(length.saturating_sub(2))),
            )
            .map(drop)
        }
        "raw" => api
            .respond(event, todo["text"].as_str().unwrap_or_default())
            .map(drop),
        "respond" => api.respond(event, &todo["response"].to_string()).map(drop),
        "protocol" => protocol(api, event),
        "stream" => stream(api, event, &todo),
        "hello then exit" => {
            api.respond(event, "\"hello\"")?;
            std::process::exit(0)
        }
        _ => {
            let echo = echo(event, document);
            let is_url = document.get("rawPath").is_some();
            let answer = if is_url {
                json!({"statusCode": 200, "body": echo.to_string()})
            } else {
                echo
            };
            api.respond(event, &answer.to_string()).map(drop)
        }
    }
}

fn echo(event: &Event, document: &Value) -> Value {
    let variables: serde_json::Map<_, _> = std::env::vars()
        .map(|(name, value)| (name, value.into()))
        .collect();
    json!({
        "event": document,
        "headers": event.headers,
        "environment": variables,
        "pid": std::process::id(),
    })
}

/// Breaks the rules of the Runtime API and answers with the statuses it got.
fn protocol(api: &mut RuntimeApi, event: &Event) -> std::io::Result<()> {
    let early_next = RuntimeApi::connect()?.get("invocation/next")?;
    let wrong_id = api.post(
        "invocation/00000000-0000-0000-0000-000000000000/response",
        &[],
        "{}",
    )?;
    let wrong_path = api.post("nowhere", &[], "{}")?;
    let answer = json!({"earlyNext": early_next, "wrongId": wrong_id, "wrongPath": wrong_path});
    let accepted = api.respond(event, &answer.to_string())?;
    let again = api.respond(event, "{}")?;
    println!("accepted {accepted}, again {again}");
    Ok(())
}

/// `{"contentType", "chunks": [text or {"gate": port} or {"bytes": n}], "end": "trailer" | "abort" | "exit"}`
fn stream(api: &mut RuntimeApi, event: &Event, todo: &Value) -> std::io::Result<()> {
    let content_type = todo["contentType"]
        .as_str()
        .unwrap_or("application/vnd.awslambda.http-integration-response");
    api.begin_stream(event, content_type)?;
    for chunk in todo["chunks"].as_array().into_iter().flatten() {
        if let Some(port) = chunk["gate"].as_u64() {
            wait_at(port)?;
        } else if let Some(bytes) = chunk["bytes"].as_u64() {
            // In pieces, so that a large stream needs no large buffer.
            let piece = vec![b'x'; 1 << 20];
            let mut left = usize::try_from(bytes).unwrap_or(usize::MAX);
            while left > 0 {
                let length = left.min(piece.len());
                api.chunk(&piece[..length])?;
                left -= length;
            }
        } else {
            api.chunk(chunk.as_str().unwrap_or_default().as_bytes())?;
        }
    }
    match todo["end"].as_str() {
        Some("exit") => std::process::exit(9),
        Some("abort") => {
            *api = RuntimeApi::connect()?;
            Ok(())
        }
        Some("trailer") => api.end_stream(Some(("Test.Midway", r#"{"errorMessage":"lost"}"#))),
        _ => api.end_stream(None),
    }
}

/// Waits until the test that listens on `port` lets the function go on.
fn wait_at(port: u64) -> std::io::Result<()> {
    let port = u16::try_from(port).map_err(std::io::Error::other)?;
    let mut gate = TcpStream::connect(("127.0.0.1", port))?;
    gate.read_exact(&mut [0])
        .or_else(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => Ok(()),
            _ => Err(error),
        })
}
