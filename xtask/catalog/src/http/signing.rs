//! Signature Version 4, as function URLs with IAM authentication ask for it.

use std::error::Error;
use std::fmt;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::Request;
use thiserror::Error;
use tokio::sync::Mutex;

/// The name that a function URL's signatures are for.
const SERVICE: &str = "lambda";
/// Credentials that expire sooner are asked for anew.
const LEAST_VALIDITY: Duration = Duration::from_mins(2);

/// Signs requests with the caller's credentials, which it asks for once and again when they expire.
pub struct Signer {
    provider: SharedCredentialsProvider,
    region: String,
    credentials: Mutex<Option<Credentials>>,
}

/// Why a request can't be signed.
#[derive(Debug, Error)]
pub enum SigningError {
    /// There are no credentials.
    #[error("no AWS credentials: {0}")]
    NoCredentials(String),
    /// The request has a part that can't be signed.
    #[error("it has a part that can't be signed")]
    Request(#[source] Box<dyn Error + Send + Sync>),
}

impl Signer {
    /// For function URLs in a region.
    pub fn new(provider: SharedCredentialsProvider, region: impl Into<String>) -> Self {
        Self {
            provider,
            region: region.into(),
            credentials: Mutex::new(None),
        }
    }

    async fn credentials(&self) -> Result<Credentials, SigningError> {
        let mut known = self.credentials.lock().await;
        let is_good = |credentials: &Credentials| {
            let end = credentials.expiry();
            end.is_none_or(|end| end > SystemTime::now() + LEAST_VALIDITY)
        };
        if let Some(credentials) = known.as_ref().filter(|it| is_good(it)) {
            return Ok(credentials.clone());
        }
        let credentials = self.provider.provide_credentials().await.map_err(|error| {
            let mut cause: &dyn Error = &error;
            while let Some(source) = cause.source() {
                cause = source;
            }
            SigningError::NoCredentials(cause.to_string())
        })?;
        Ok(known.insert(credentials).clone())
    }

    /// The request with its signature; method, URL, headers and body are all signed.
    pub(super) async fn sign(
        &self,
        mut request: Request<Bytes>,
    ) -> Result<Request<Bytes>, SigningError> {
        let identity = self.credentials().await?.into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(SERVICE)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| SigningError::Request(error.into()))?
            .into();
        let url = request.uri().to_string();
        let mut headers = Vec::new();
        for (name, value) in request.headers() {
            let value = value
                .to_str()
                .map_err(|error| SigningError::Request(error.into()))?;
            headers.push((name.as_str(), value));
        }
        let body = SignableBody::Bytes(request.body());
        let signable =
            SignableRequest::new(request.method().as_str(), url, headers.into_iter(), body)
                .map_err(|error| SigningError::Request(error.into()))?;
        let (instructions, _) = sign(signable, &params)
            .map_err(|error| SigningError::Request(error.into()))?
            .into_parts();
        instructions.apply_to_request_http1x(&mut request);
        Ok(request)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}
