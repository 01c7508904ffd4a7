//! A proxy before a local service that lets chosen requests go wrong.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// What happens to a request.
#[derive(Debug, Clone)]
pub(crate) enum Happening {
    /// It is done, and its connection dies before the answer.
    Unanswered,
    /// It is done, and whoever waits for [`Faults::stopped`] hears of it; its answer never comes.
    Stopped,
    /// It is not done, and answered with this status and error code.
    Answered(u16, &'static str),
}

/// The requests so far, through all proxies that share this, and those that go wrong.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    requests: Mutex<Vec<String>>,
    rules: Vec<Rule>,
    stopped: Notify,
}

/// Which requests go wrong, and how.
#[derive(Debug, Clone)]
struct Rule {
    /// The first one, counted from 0.
    from: usize,
    /// The one after the last.
    to: usize,
    /// The method they have to have, if it matters.
    method: Option<&'static str>,
    happening: Happening,
}

impl Faults {
    /// No faults.
    pub(crate) fn none() -> Arc<Self> {
        Arc::default()
    }

    /// One fault, at the request number `index`.
    pub(crate) fn at(index: usize, happening: Happening) -> Arc<Self> {
        Self::between(index, index + 1, None, happening)
    }

    /// A fault at every request of `method`.
    pub(crate) fn every(method: &'static str, happening: Happening) -> Arc<Self> {
        Self::between(0, usize::MAX, Some(method), happening)
    }

    /// A fault at the requests from number `from` up to `to`.
    pub(crate) fn between(
        from: usize,
        to: usize,
        method: Option<&'static str>,
        happening: Happening,
    ) -> Arc<Self> {
        Arc::new(Self {
            rules: vec![Rule {
                from,
                to,
                method,
                happening,
            }],
            ..Self::default()
        })
    }

    /// The requests so far, as `METHOD /path`.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// Waits until a request has been stopped.
    pub(crate) async fn stopped(&self) {
        self.stopped.notified().await;
    }

    fn happening(&self, request: &Request<Incoming>) -> Option<Happening> {
        let mut requests = self.requests.lock().unwrap();
        let index = requests.len();
        let method = request.method().as_str();
        requests.push(format!("{method} {}", request.uri().path()));
        let rule = self.rules.iter().find(|rule| {
            (rule.from..rule.to).contains(&index)
                && rule.method.is_none_or(|wanted| wanted == method)
        })?;
        Some(rule.happening.clone())
    }
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

impl Proxy {
    /// A proxy before `upstream`, which is `http://HOST:PORT`.
    pub(crate) async fn start(upstream: &str, faults: Arc<Faults>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let upstream = upstream.to_owned();
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (upstream, faults) = (upstream.clone(), Arc::clone(&faults));
                let service = service_fn(move |request| {
                    forward(upstream.clone(), Arc::clone(&faults), request)
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                // A connection that was made to die ends with an error.
                tokio::spawn(async move { drop(connection.await) });
            }
        });
        Self { url, task }
    }
}

async fn forward(
    upstream: String,
    faults: Arc<Faults>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, std::io::Error> {
    let broken = || std::io::Error::other("made to die");
    let happening = faults.happening(&request);
    if let Some(Happening::Answered(status, code)) = happening {
        let mut answer = Response::new(Full::from(format!(
            "{{\"errorCode\":\"{code}\",\"message\":\"made to fail\"}}"
        )));
        *answer.status_mut() = StatusCode::from_u16(status).unwrap();
        let headers = answer.headers_mut();
        headers.insert("x-amzn-errortype", code.parse().unwrap());
        headers.insert("content-type", "application/json".parse().unwrap());
        return Ok(answer);
    }
    let (mut parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| broken())?.to_bytes();
    let path = parts.uri.path_and_query().unwrap().as_str();
    parts.uri = format!("{upstream}{path}").parse().unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http();
    let answer = client
        .request(Request::from_parts(parts, Full::new(body)))
        .await
        .map_err(|_| broken())?;
    let (parts, body) = answer.into_parts();
    let body = body.collect().await.map_err(|_| broken())?.to_bytes();
    match happening {
        Some(Happening::Unanswered) => Err(broken()),
        Some(Happening::Stopped) => {
            faults.stopped.notify_one();
            std::future::pending().await
        }
        _ => Ok(Response::from_parts(parts, Full::new(body))),
    }
}
