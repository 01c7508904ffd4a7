//! Serves [`Stacks`] as an emulator of `CloudFormation` and S3, by HTTP, with faults on demand.

use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::stacks::{Form, Stacks};

/// What goes wrong with the next requests of an action.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Trouble {
    /// They are not done, and answered with this status and error code.
    Answered(u16, &'static str),
    /// They are done, and the connection dies before the answer.
    Unanswered,
}

#[derive(Debug, Default)]
struct Shared {
    stacks: Mutex<Stacks>,
    /// The action, what goes wrong with it, and how often.
    troubles: Mutex<Vec<(&'static str, Trouble, usize)>>,
    /// The action that somebody waits for.
    awaited: Mutex<&'static str>,
    arrived: Notify,
}

/// An emulator that runs until the test ends.
#[derive(Debug, Clone)]
pub(crate) struct Emulator {
    pub(crate) url: String,
    shared: Arc<Shared>,
}

impl Emulator {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::<Shared>::default();
        let served = Arc::clone(&shared);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let shared = Arc::clone(&served);
                let service = service_fn(move |request| answer(Arc::clone(&shared), request));
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                // A connection that was made to die ends with an error.
                tokio::spawn(async move { drop(connection.await) });
            }
        });
        Self { url, shared }
    }

    /// What is there.
    pub(crate) fn stacks(&self) -> MutexGuard<'_, Stacks> {
        self.shared.stacks.lock().unwrap()
    }

    /// Lets the next `times` requests of `action` go wrong.
    pub(crate) fn trouble(&self, action: &'static str, trouble: Trouble, times: usize) {
        let mut troubles = self.shared.troubles.lock().unwrap();
        troubles.push((action, trouble, times));
    }

    /// Lets [`arrived`](Self::arrived) wait for a request of `action`.
    pub(crate) fn await_request(&self, action: &'static str) {
        *self.shared.awaited.lock().unwrap() = action;
    }

    pub(crate) async fn arrived(&self) {
        self.shared.arrived.notified().await;
    }

    /// Whether all trouble is over.
    pub(crate) fn is_at_peace(&self) -> bool {
        self.shared.troubles.lock().unwrap().is_empty()
    }
}

impl Shared {
    fn trouble_with(&self, action: &str) -> Option<Trouble> {
        let mut troubles = self.troubles.lock().unwrap();
        let index = troubles.iter().position(|(of, ..)| *of == action)?;
        let (_, trouble, times) = &mut troubles[index];
        let trouble = *trouble;
        *times -= 1;
        if *times == 0 {
            troubles.remove(index);
        }
        Some(trouble)
    }
}

async fn answer(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, std::io::Error> {
    let is_code = request.method() == Method::PUT;
    let broken = || std::io::Error::other("made to die");
    let body = request.into_body().collect().await.map_err(|_| broken())?;
    if is_code {
        return Ok(Response::new(Full::default()));
    }
    let form = form(&String::from_utf8(body.to_bytes().into()).unwrap());
    let action = form["Action"].clone();
    if *shared.awaited.lock().unwrap() == action {
        shared.arrived.notify_one();
    }
    let (status, text) = match shared.trouble_with(&action) {
        Some(Trouble::Answered(status, code)) => (status, error(code, "made to fail")),
        trouble => {
            let answer = shared.stacks.lock().unwrap().answer(&form);
            if trouble.is_some() {
                return Err(broken());
            }
            match answer {
                Ok(text) => (200, text),
                Err((code, message)) => (400, error(code, &message)),
            }
        }
    };
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    Ok(response)
}

fn error(code: &str, message: &str) -> String {
    format!(
        "<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    )
}

fn form(body: &str) -> Form {
    let decoded = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text)
            .decode_utf8()
            .unwrap()
            .into_owned()
    };
    body.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}
