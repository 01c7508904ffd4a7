//! Fetching the texts that SAR answers with as URLs: readme, licence, template. The URLs are signed by SAR itself.

use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{HttpConnector as _, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use http_body_util::{BodyExt as _, Limited};
use tokio::time::sleep;

use crate::ports::{Failure, RemoteError};

/// The most bytes that are read: SAR's largest text, and room to spare.
const LIMIT: usize = 8 * 1024 * 1024;
/// How often a text is asked for.
const ATTEMPTS: usize = 4;
/// The pause before the second attempt; each one after it is twice as long.
const PAUSE: Duration = Duration::from_millis(100);

/// Fetches texts over HTTP, without credentials.
#[derive(Debug, Clone)]
pub(super) struct Downloads {
    connector: SharedHttpConnector,
}

impl Downloads {
    pub(super) fn new() -> Self {
        let connector = Connector::builder()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build();
        Self {
            connector: SharedHttpConnector::new(connector),
        }
    }

    /// The text at `url`. `what` is the operation that errors name.
    pub(super) async fn text(&self, what: &'static str, url: &str) -> Result<String, RemoteError> {
        let mut result = self.attempt(what, url).await;
        let mut pause = PAUSE;
        for _ in 1..ATTEMPTS {
            match &result {
                Err(error) if error.failure.is_passing() => {
                    sleep(pause).await;
                    pause *= 2;
                    result = self.attempt(what, url).await;
                }
                _ => break,
            }
        }
        result
    }

    async fn attempt(&self, what: &'static str, url: &str) -> Result<String, RemoteError> {
        let failed = |failure, message: String| RemoteError {
            operation: what,
            failure,
            message,
        };
        let request = HttpRequest::get(url)
            .map_err(|_| failed(Failure::Refused, "the answer has a URL that is none".into()))?;
        let response = self
            .connector
            .call(request)
            .await
            .map_err(|error| failed(Failure::Unreachable, error.to_string()))?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), LIMIT)
            .collect()
            .await
            .map_err(|error| failed(Failure::Unreachable, error.to_string()))?
            .to_bytes();
        match status {
            200 => String::from_utf8(body.into())
                .map_err(|_| failed(Failure::Refused, "what is served is not UTF-8".into())),
            429 => Err(failed(Failure::Throttled, format!("HTTP status {status}"))),
            500.. => Err(failed(Failure::Service, format!("HTTP status {status}"))),
            _ => Err(failed(Failure::Refused, format!("HTTP status {status}"))),
        }
    }
}
