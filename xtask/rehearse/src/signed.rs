//! HTTP requests to this machine, signed as AWS clients sign them.

use std::time::SystemTime;

use anyhow::{Context as _, Result};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::{Method, Request, StatusCode, header::HOST};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// The region of everything here.
pub(crate) const REGION: &str = "us-east-1";

/// A pair of keys.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    pub(crate) id: String,
    pub(crate) secret: String,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) session: Option<String>,
    pub(crate) body: Bytes,
}

impl Answer {
    /// The body as text, at most as much of it as a message can hold.
    pub(crate) fn text(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        text.chars().take(500).collect()
    }

    /// The body as JSON; of a stream of events, the last one's data.
    pub(crate) fn json(&self) -> Result<Value> {
        let text = String::from_utf8_lossy(&self.body);
        let document = text
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix("data: "))
            .unwrap_or(&text);
        serde_json::from_str(document).with_context(|| format!("not JSON: {}", self.text()))
    }
}

/// A request to be made.
#[derive(Debug, Clone)]
pub(crate) struct Call<'a> {
    /// The port on this machine.
    pub(crate) port: u16,
    /// The host that the request names, when it is not this machine: that is how the emulator tells functions apart.
    pub(crate) host: Option<&'a str>,
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: String,
    /// The name of the service that signatures are for.
    pub(crate) service: &'a str,
    /// Who signs; nobody, if missing.
    pub(crate) keys: Option<&'a Keys>,
}

/// Makes requests.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Http {
    pub(crate) fn new() -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
        }
    }

    pub(crate) async fn send(&self, call: &Call<'_>) -> Result<Answer> {
        let address = format!("127.0.0.1:{}", call.port);
        let host = call.host.unwrap_or(&address);
        let mut request = Request::builder()
            .method(&call.method)
            .uri(format!("http://{host}{}", call.path))
            .header(HOST, host);
        for (name, value) in call.headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(call.body.clone())?;
        if let Some(keys) = call.keys {
            signed(&mut request, keys, call.service)?;
        }
        *request.uri_mut() = format!("http://{address}{}", call.path).parse()?;
        let response = self
            .client
            .request(request.map(|body| Full::new(Bytes::from(body))))
            .await
            .with_context(|| format!("{} {} of {host}", call.method, call.path))?;
        let status = response.status();
        let session = response.headers().get("mcp-session-id");
        let session = session.and_then(|it| it.to_str().ok()).map(str::to_owned);
        let body = response.into_body().collect().await?.to_bytes();
        Ok(Answer {
            status,
            session,
            body,
        })
    }
}

fn signed(request: &mut Request<String>, keys: &Keys, service: &str) -> Result<()> {
    let identity = Credentials::new(&keys.id, &keys.secret, None, None, "rehearsal").into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(REGION)
        .name(service)
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()?
        .into();
    let url = request.uri().to_string();
    let headers: Vec<_> = request
        .headers()
        .iter()
        .map(|(name, value)| Ok((name.as_str(), value.to_str()?)))
        .collect::<Result<_>>()?;
    let body = SignableBody::Bytes(request.body().as_bytes());
    let signable = SignableRequest::new(request.method().as_str(), url, headers.into_iter(), body)?;
    let (instructions, _) = sign(signable, &params)?.into_parts();
    instructions.apply_to_request_http1x(request);
    Ok(())
}
