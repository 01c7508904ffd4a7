//! One request, one answer.

use std::time::Duration;

use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{
    HttpConnector as _, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, RETRY_AFTER};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::answers::{ErrorAnswer, malformed};
use super::signing::Signer;
use crate::ports::{Refusal, RegistryError};

/// How long making a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an answer may take to begin: longer than the registration function may run.
const READ_TIMEOUT: Duration = Duration::from_mins(2);
/// The most bytes of an answer that are read: a function answers 6 MB at most.
const LIMIT: usize = 8 * 1024 * 1024;
/// The most characters of an answer that is none of the API's that a message repeats.
const MAX_QUOTED: usize = 200;

/// Sends requests over connections that it keeps.
#[derive(Debug)]
pub(super) struct Client {
    connector: SharedHttpConnector,
    signer: Option<Signer>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    body: Bytes,
}

impl Client {
    pub(super) fn new(signer: Option<Signer>) -> Self {
        let settings = HttpConnectorSettings::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .build();
        let connector = Connector::builder()
            .connector_settings(settings)
            .sleep_impl(TokioSleep::new())
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build();
        Self {
            connector: SharedHttpConnector::new(connector),
            signer,
        }
    }

    pub(super) async fn send(
        &self,
        method: Method,
        url: &str,
        body: Bytes,
    ) -> Result<Reply, RegistryError> {
        let uri: http::Uri = url.parse().map_err(malformed)?;
        let host = uri.authority().map(ToString::to_string).unwrap_or_default();
        let mut request = Request::builder()
            .method(method)
            .uri(uri)
            .header(HOST, host);
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let mut request = request.body(body).map_err(malformed)?;
        if let Some(signer) = &self.signer {
            request = signer
                .sign(request)
                .await
                .map_err(|error| RegistryError::Credentials(error.to_string()))?;
        }
        let request = HttpRequest::try_from(request.map(SdkBody::from)).map_err(malformed)?;
        let response = self
            .connector
            .call(request)
            .await
            .map_err(|error| RegistryError::Unsettled(innermost(&error)))?;
        let response = response.try_into_http1x().map_err(malformed)?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, LIMIT)
            .collect()
            .await
            .map_err(|error| RegistryError::Unsettled(format!("the answer broke off: {error}")))?
            .to_bytes();
        Ok(Reply {
            status: parts.status,
            headers: parts.headers,
            body,
        })
    }
}

impl Reply {
    /// The answer, if it is a success.
    pub(super) fn success(self) -> Result<Self, RegistryError> {
        if self.status.is_success() {
            Ok(self)
        } else {
            Err(self.error())
        }
    }

    /// The body.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, RegistryError> {
        serde_json::from_slice(&self.body).map_err(malformed)
    }

    fn error(&self) -> RegistryError {
        let status = self.status.as_u16();
        let answer = serde_json::from_slice::<ErrorAnswer>(&self.body);
        let refusal = answer.map_or_else(
            |_| Refusal {
                status,
                code: String::new(),
                message: self.foreign_words(),
                problems: Vec::new(),
            },
            |answer| answer.into_refusal(status),
        );
        match self.status {
            // Refused before anything was done, by Lambda or by the registry.
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                RegistryError::Busy {
                    message: refusal.message,
                    retry_after: self.retry_after(),
                }
            }
            status if status.is_server_error() => RegistryError::Unsettled(refusal.to_string()),
            _ => RegistryError::Refused(refusal),
        }
    }

    /// Lambda's own words, or those of something between here and there.
    fn foreign_words(&self) -> String {
        #[derive(Deserialize)]
        struct Lambdas {
            #[serde(alias = "Message")]
            message: String,
        }
        let message = match serde_json::from_slice::<Lambdas>(&self.body) {
            Ok(lambdas) => lambdas.message,
            Err(_) => String::from_utf8_lossy(&self.body).into_owned(),
        };
        let words: Vec<_> = message.split_whitespace().collect();
        words.join(" ").chars().take(MAX_QUOTED).collect()
    }

    fn retry_after(&self) -> Option<Duration> {
        let seconds = self.headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
        Some(Duration::from_secs(seconds))
    }
}

/// The last cause in the chain: the outer ones only say that something failed.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
