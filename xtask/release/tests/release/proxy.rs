//! A proxy before a local service that lets chosen requests go wrong.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use percent_encoding::percent_decode_str;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// How late a late answer is.
const LATE: Duration = Duration::from_secs(1);

/// What happens to a request.
#[derive(Debug, Clone)]
pub(crate) enum Happening {
    /// It is done, and its connection dies before the answer.
    Unanswered,
    /// It is done, and its connection dies in the midst of the answer.
    Truncated,
    /// It is done, and whoever waits for [`Faults::stopped`] hears of it; its answer never comes.
    Stopped,
    /// It is done, and answered after a while.
    Late,
    /// It is not done, and answered with this status and error code.
    Answered(u16, &'static str),
}

/// The requests so far, through all proxies that share this, and those that go wrong.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    requests: Mutex<Requests>,
    rule: Option<(Which, Happening)>,
    stopped: Notify,
}

#[derive(Debug, Default)]
struct Requests {
    labels: Vec<String>,
    /// How often each request was made.
    counts: BTreeMap<String, usize>,
}

/// Which requests go wrong.
#[derive(Debug, Clone)]
pub(crate) enum Which {
    /// The one with this label.
    Labelled(String),
    /// The first one of those that are the same.
    FirstOfEach,
    /// Those whose labels have this in them.
    Every(&'static str),
}

impl Faults {
    /// No faults.
    pub(crate) fn none() -> Arc<Self> {
        Arc::default()
    }

    /// A fault at some requests.
    pub(crate) fn at(which: Which, happening: Happening) -> Arc<Self> {
        Arc::new(Self {
            rule: Some((which, happening)),
            ..Self::default()
        })
    }

    /// The labels of the requests so far. A label is `METHOD /path?query`, with `*` for what is made up anew in every
    /// run, and with a number for the second of the same requests and those after it.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().labels.clone()
    }

    /// The requests so far that may have changed something.
    pub(crate) fn writes(&self) -> Vec<String> {
        let mut requests = self.requests();
        requests.retain(|it| !it.starts_with("GET ") && !it.starts_with("HEAD "));
        requests
    }

    /// Waits until a request has been stopped.
    pub(crate) async fn stopped(&self) {
        self.stopped.notified().await;
    }

    fn happening(&self, request: &Request<Incoming>) -> Option<Happening> {
        let mut requests = self.requests.lock().unwrap();
        let name = name(request);
        let count = requests.counts.entry(name.clone()).or_default();
        *count += 1;
        let is_first = *count == 1;
        let label = if is_first {
            name
        } else {
            format!("{name} ({count})")
        };
        requests.labels.push(label.clone());
        let (which, happening) = self.rule.as_ref()?;
        let is_meant = match which {
            Which::Labelled(wanted) => *wanted == label,
            Which::FirstOfEach => is_first,
            Which::Every(part) => label.contains(part),
        };
        is_meant.then(|| happening.clone())
    }
}

/// What a request is, the same in every run.
fn name(request: &Request<Incoming>) -> String {
    let target = request.uri().path_and_query().unwrap().as_str();
    let target = percent_decode_str(target).decode_utf8().unwrap();
    let parts: Vec<_> = target
        .split('/')
        .map(|part| {
            let is_id = part.len() == 36 && part.bytes().filter(|byte| *byte == b'-').count() == 4;
            if is_id { "*" } else { part }
        })
        .collect();
    format!("{} {}", request.method(), parts.join("/"))
}

/// A proxy that runs until it is dropped.
pub(crate) struct Proxy {
    pub(crate) url: String,
    task: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What a proxy does with a request.
#[derive(Debug, Clone)]
struct Way {
    upstream: String,
    /// What answers name, and what they are made to name.
    renamed: Option<(String, String)>,
    faults: Arc<Faults>,
}

impl Proxy {
    /// A proxy before `upstream`, which is `http://HOST:PORT`.
    pub(crate) async fn start(upstream: &str, faults: &Arc<Faults>) -> Self {
        Self::start_with(upstream, None, faults).await
    }

    /// The same; where answers name the upstream of `other`, they are made to name that proxy, so that what is fetched
    /// from there goes by way of it.
    pub(crate) async fn start_before(
        upstream: &str,
        other: (&str, &Self),
        faults: &Arc<Faults>,
    ) -> Self {
        let renamed = (other.0.to_owned(), other.1.url.clone());
        Self::start_with(upstream, Some(renamed), faults).await
    }

    async fn start_with(
        upstream: &str,
        renamed: Option<(String, String)>,
        faults: &Arc<Faults>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let way = Way {
            upstream: upstream.to_owned(),
            renamed,
            faults: Arc::clone(faults),
        };
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let way = way.clone();
                let service = service_fn(move |request| forward(way.clone(), request));
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                // A connection that was made to die ends with an error.
                tokio::spawn(async move { drop(connection.await) });
            }
        });
        Self { url, task }
    }
}

type Body = BoxBody<Bytes, std::io::Error>;

fn broken() -> std::io::Error {
    std::io::Error::other("made to die")
}

fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into())
        .map_err(|never| match never {})
        .boxed()
}

async fn forward(way: Way, request: Request<Incoming>) -> Result<Response<Body>, std::io::Error> {
    let happening = way.faults.happening(&request);
    if let Some(Happening::Answered(status, code)) = happening {
        return Ok(failure(request.uri().path(), status, code));
    }
    let (mut parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| broken())?.to_bytes();
    let path = parts.uri.path_and_query().unwrap().as_str();
    parts.uri = format!("{}{path}", way.upstream).parse().unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http();
    let answer = client
        .request(Request::from_parts(parts, Full::new(body)))
        .await
        .map_err(|_| broken())?;
    let (mut parts, body) = answer.into_parts();
    let mut body = body.collect().await.map_err(|_| broken())?.to_bytes();
    if let Some((from, to)) = &way.renamed {
        body = String::from_utf8(body.into())
            .unwrap()
            .replace(from, to)
            .into();
        parts.headers.remove("content-length");
    }
    match happening {
        Some(Happening::Unanswered) => Err(broken()),
        Some(Happening::Truncated) => {
            parts
                .headers
                .insert("content-length", body.len().to_string().parse().unwrap());
            let half = Frame::data(body.slice(..body.len() / 2));
            let end = async {
                // Until then, what was sent is on its way.
                tokio::task::yield_now().await;
                Err(broken())
            };
            let frames = stream::iter([Ok(half)]).chain(stream::once(end));
            Ok(Response::from_parts(
                parts,
                http_body_util::BodyExt::boxed(StreamBody::new(frames)),
            ))
        }
        Some(Happening::Stopped) => {
            way.faults.stopped.notify_one();
            std::future::pending().await
        }
        Some(Happening::Late) => {
            tokio::time::sleep(LATE).await;
            Ok(Response::from_parts(parts, full(body)))
        }
        Some(Happening::Answered(..)) | None => Ok(Response::from_parts(parts, full(body))),
    }
}

/// An answer that something failed, as the service at `path` words it: SAR in JSON, S3 in XML.
fn failure(path: &str, status: u16, code: &str) -> Response<Body> {
    let message = "made to fail";
    let is_repository = path.starts_with("/applications");
    // S3 has another word for too many requests.
    let (status, code) = match (is_repository, status) {
        (false, 429) => (503, "SlowDown"),
        _ => (status, code),
    };
    let (kind, text) = if is_repository {
        let text = format!("{{\"errorCode\":\"{code}\",\"message\":\"{message}\"}}");
        ("application/json", text)
    } else {
        let text = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
        ("application/xml", text)
    };
    let mut answer = Response::new(full(text));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap();
    let headers = answer.headers_mut();
    if kind == "application/json" {
        headers.insert("x-amzn-errortype", code.parse().unwrap());
    }
    headers.insert("content-type", kind.parse().unwrap());
    answer
}
