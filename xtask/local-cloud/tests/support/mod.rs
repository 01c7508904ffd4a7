//! What the tests of this package share: the test function, gates that hold it, and an HTTP client.

#![allow(dead_code, reason = "each test program uses its own part of it")]

pub(crate) mod aws;
pub(crate) mod signing;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use local_cloud::{
    Answer, Config, FunctionSpec, HostSettings, Invocation, Invoked, LambdaHost, LocalCloud,
    LogSink,
};
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

/// How long anything may take that is expected to happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The test function, with arguments.
pub(crate) fn command(arguments: &[&str]) -> Vec<String> {
    let program = env!("CARGO_BIN_EXE_test-function");
    [program]
        .iter()
        .chain(arguments)
        .map(|word| (*word).to_owned())
        .collect()
}

/// A host with the test function under the name `test`, changed by `change`, and the lines it logs.
pub(crate) fn host_with(
    change: impl FnOnce(&mut FunctionSpec, &mut HostSettings),
) -> (LambdaHost, Lines) {
    let lines = Lines::default();
    let mut settings = HostSettings {
        logs: lines.sink(),
        ..HostSettings::default()
    };
    let mut spec = FunctionSpec::new("test", command(&[]));
    change(&mut spec, &mut settings);
    let host = LambdaHost::new(settings);
    host.add(spec).unwrap();
    (host, lines)
}

/// A host with the test function as it is.
pub(crate) fn host() -> LambdaHost {
    host_with(|_, _| {}).0
}

/// Invokes the test function with `event`.
pub(crate) async fn invoke(host: &LambdaHost, event: &Value) -> Invoked {
    let invocation = Invocation::new(event.to_string());
    tokio::time::timeout(PATIENCE, host.invoke("test", invocation))
        .await
        .unwrap()
        .unwrap()
}

/// The payload of a whole answer.
pub(crate) fn buffered(invoked: Invoked) -> Value {
    match invoked.answer {
        Answer::Buffered(payload) => serde_json::from_slice(&payload).unwrap(),
        other => panic!("expected a whole answer: {other:?}"),
    }
}

/// The error document of a failed invocation, with its ids and dates made stable.
pub(crate) fn failure(invoked: Invoked) -> String {
    match invoked.answer {
        Answer::Failed(failure) => {
            let text = String::from_utf8(failure.payload.to_vec()).unwrap();
            let text = text.replace(&invoked.request_id, "ID");
            format!("{} {}", failure.error_type, without_date(&text))
        }
        other => panic!("expected a failure: {other:?}"),
    }
}

/// `text` with a leading RFC 3339 date of a message replaced.
pub(crate) fn without_date(text: &str) -> String {
    match text.split_once("\":\"2") {
        Some((before, after)) if after.contains("Z ") => {
            let (_, rest) = after.split_once("Z ").unwrap();
            format!("{before}\":\"DATE {rest}")
        }
        _ => text.to_owned(),
    }
}

/// Log lines that arrive while a test runs.
#[derive(Clone, Default)]
pub(crate) struct Lines {
    lines: Arc<Mutex<Vec<String>>>,
    arrived: Arc<tokio::sync::Notify>,
}

impl Lines {
    pub(crate) fn sink(&self) -> LogSink {
        let this = self.clone();
        LogSink::Callback(Arc::new(move |function, line| {
            this.lines
                .lock()
                .unwrap()
                .push(format!("[{function}] {line}"));
            this.arrived.notify_waiters();
        }))
    }

    /// Waits for a line with `part` in it.
    pub(crate) async fn find(&self, part: &str) -> String {
        let search = async {
            loop {
                let arrived = self.arrived.notified();
                let found = self
                    .lines
                    .lock()
                    .unwrap()
                    .iter()
                    .find(|line| line.contains(part))
                    .cloned();
                if let Some(line) = found {
                    return line;
                }
                arrived.await;
            }
        };
        tokio::time::timeout(PATIENCE, search)
            .await
            .unwrap_or_else(|_| panic!("no line with {part:?}"))
    }

    /// Waits until `times` lines have `part` in them.
    pub(crate) async fn find_many(&self, part: &str, times: usize) {
        let search = async {
            loop {
                let arrived = self.arrived.notified();
                if self.count(part) >= times {
                    return;
                }
                arrived.await;
            }
        };
        tokio::time::timeout(PATIENCE, search)
            .await
            .unwrap_or_else(|_| panic!("not {times} lines with {part:?}"));
    }

    pub(crate) fn count(&self, part: &str) -> usize {
        self.lines
            .lock()
            .unwrap()
            .iter()
            .filter(|line| line.contains(part))
            .count()
    }
}

/// A place where the test function waits until the test lets it go on.
pub(crate) struct Gate(TcpListener);

impl Gate {
    pub(crate) async fn new() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    /// Waits until a function stands at the gate.
    pub(crate) async fn arrival(&self) -> Waiting {
        let accepted = tokio::time::timeout(PATIENCE, self.0.accept())
            .await
            .unwrap();
        Waiting(accepted.unwrap().0)
    }
}

/// A function that waits at a gate; dropping it lets it go on as well.
pub(crate) struct Waiting(TcpStream);

impl Waiting {
    pub(crate) async fn open(mut self) {
        self.0.write_all(b".").await.unwrap();
    }
}

/// A local cloud whose functions are all the test function, and the folder its programs are in.
pub(crate) async fn cloud_with(
    change: impl FnOnce(&mut Config),
) -> (LocalCloud, tempfile::TempDir, Lines) {
    let folder = programs();
    let lines = Lines::default();
    let mut config = Config {
        sample: false,
        logs: lines.sink(),
        ..Config::new(folder.path())
    };
    config.tools.push(FunctionSpec::new("test", command(&[])));
    change(&mut config);
    (LocalCloud::start(config).await.unwrap(), folder, lines)
}

/// A folder in which every program of the product is the test function.
pub(crate) fn programs() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["mcp", "registration", "sample"] {
        let program = folder
            .path()
            .join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        link(Path::new(env!("CARGO_BIN_EXE_test-function")), &program);
    }
    folder
}

fn link(from: &Path, to: &Path) {
    // A copy that is still open for writing in a child of another test can't be run; a link has no such moment.
    if fs_err::hard_link(from, to).is_err() {
        #[cfg(unix)]
        fs_err::os::unix::fs::symlink(from, to).unwrap();
        #[cfg(not(unix))]
        fs_err::copy(from, to).map(drop).unwrap();
    }
}

/// Sends one request over a connection of its own.
pub(crate) async fn send(
    port: u16,
    request: Request<Bytes>,
) -> Result<Response<Incoming>, hyper::Error> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let (mut parts, body) = request.into_parts();
    parts
        .headers
        .entry("host")
        .or_insert_with(|| format!("127.0.0.1:{port}").parse().unwrap());
    tokio::time::timeout(
        PATIENCE,
        sender.send_request(Request::from_parts(parts, Full::new(body))),
    )
    .await
    .unwrap()
}

/// A POST of JSON.
pub(crate) fn post(path: &str, body: &Value) -> Request<Bytes> {
    Request::post(path)
        .header("content-type", "application/json")
        .body(Bytes::from(body.to_string()))
        .unwrap()
}

/// The response as text: status, chosen headers, body.
pub(crate) async fn render(response: Response<Incoming>, headers: &[&str]) -> String {
    let (parts, body) = response.into_parts();
    let mut lines = vec![parts.status.to_string()];
    for name in headers {
        if let Some(value) = parts.headers.get(*name) {
            lines.push(format!("{name}: {}", value.to_str().unwrap()));
        }
    }
    match tokio::time::timeout(PATIENCE, body.collect())
        .await
        .unwrap()
    {
        Ok(body) => lines.push(String::from_utf8_lossy(&body.to_bytes()).into_owned()),
        Err(_) => lines.push("(broken off)".to_owned()),
    }
    lines.join("\n")
}

/// The port of a local cloud.
pub(crate) fn port(cloud: &LocalCloud) -> u16 {
    let (_, port) = cloud.endpoints().lambda_endpoint.rsplit_once(':').unwrap();
    port.parse().unwrap()
}

/// Whether a process with this id is running, zombies not counted.
#[cfg(target_os = "linux")]
pub(crate) fn is_running(pid: u32) -> bool {
    let stat = fs_err::read_to_string(format!("/proc/{pid}/stat"));
    stat.is_ok_and(|stat| !stat.rsplit_once(')').unwrap().1.starts_with(" Z"))
}
