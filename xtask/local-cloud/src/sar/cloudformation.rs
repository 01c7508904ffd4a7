//! The calls to the `CloudFormation` that stacks are made in, and to the S3 beside it.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use thiserror::Error;
use time::OffsetDateTime;

use crate::config::CloudFormation;
use crate::sigv4::{self, Service};

/// What stands as it is in a form.
const FORM: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Why `CloudFormation` did not do what it was asked for.
#[derive(Debug, Error)]
pub(super) enum CloudFormationError {
    /// It can't be reached.
    #[error("CloudFormation at {endpoint} can't be reached: {problem}")]
    Unreachable { endpoint: String, problem: String },
    /// It refuses, and says why.
    #[error("CloudFormation: {message}")]
    Refused { code: String, message: String },
    /// What it answers is not what it should be.
    #[error("CloudFormation's answer to {action} can't be read")]
    Answer { action: String },
}

/// A client of one endpoint that serves `CloudFormation` and S3.
#[derive(Debug)]
pub(super) struct Connection<'c> {
    settings: &'c CloudFormation,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl<'c> Connection<'c> {
    pub(super) fn new(settings: &'c CloudFormation) -> Self {
        Self {
            settings,
            client: Client::builder(TokioExecutor::new()).build_http(),
        }
    }

    /// Calls an action and gives the text of its answer, which is XML.
    pub(super) async fn call(
        &self,
        action: &str,
        parameters: &[(String, String)],
    ) -> Result<String, CloudFormationError> {
        let mut form = format!("Action={action}&Version=2010-05-15");
        for (name, value) in parameters {
            let pair = [name, value].map(|text| utf8_percent_encode(text, FORM).to_string());
            form.push('&');
            form.push_str(&pair.join("="));
        }
        let (status, text) = self
            .send(Method::POST, "/", Service::CloudFormation, form.into())
            .await?;
        if status.is_success() {
            return Ok(text);
        }
        let [code, message] = ["Code", "Message"].map(|name| element(&text, name));
        Err(CloudFormationError::Refused {
            code: code.unwrap_or_default(),
            message: message.unwrap_or_else(|| status.to_string()),
        })
    }

    /// Calls an action and gives two elements of its answer.
    pub(super) async fn call_for(
        &self,
        action: &str,
        parameters: &[(String, String)],
        names: [&str; 2],
    ) -> Result<[String; 2], CloudFormationError> {
        let text = self.call(action, parameters).await?;
        match names.map(|name| element(&text, name)) {
            [Some(first), Some(second)] => Ok([first, second]),
            _ => Err(CloudFormationError::Answer {
                action: action.to_owned(),
            }),
        }
    }

    /// Creates a bucket if it is missing.
    pub(super) async fn create_bucket(&self, bucket: &str) -> Result<(), CloudFormationError> {
        // An answer that it is there already is as good; what else is wrong shows when an object is put.
        self.send(
            Method::PUT,
            &format!("/{bucket}"),
            Service::S3,
            Bytes::new(),
        )
        .await
        .map(drop)
    }

    /// Puts an object into a bucket.
    pub(super) async fn put_object(
        &self,
        bucket: &str,
        key: &str,
        bytes: Bytes,
    ) -> Result<(), CloudFormationError> {
        let path = format!("/{bucket}/{key}");
        let (status, text) = self.send(Method::PUT, &path, Service::S3, bytes).await?;
        if status.is_success() {
            return Ok(());
        }
        Err(CloudFormationError::Refused {
            code: element(&text, "Code").unwrap_or_default(),
            message: format!("its S3 does not take the code: {status}"),
        })
    }

    /// The address of an object.
    pub(super) fn object_url(&self, bucket: &str, key: &str) -> String {
        format!("{}/{bucket}/{key}", self.endpoint())
    }

    fn endpoint(&self) -> &str {
        self.settings.endpoint.trim_end_matches('/')
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        service: Service,
        body: Bytes,
    ) -> Result<(StatusCode, String), CloudFormationError> {
        let failed = |problem: String| CloudFormationError::Unreachable {
            endpoint: self.endpoint().to_owned(),
            problem,
        };
        let uri: Uri = format!("{}{path}", self.endpoint())
            .parse()
            .map_err(|error: http::uri::InvalidUri| failed(error.to_string()))?;
        let host = uri.authority().map(ToString::to_string).unwrap_or_default();
        let kind = match service {
            Service::CloudFormation => "application/x-www-form-urlencoded; charset=utf-8",
            _ => "binary/octet-stream",
        };
        let request = Request::builder()
            .method(method)
            .uri(uri)
            .header(HOST, host)
            .header(CONTENT_TYPE, kind)
            .body(())
            .map_err(|error| failed(error.to_string()))?;
        let (mut parts, ()) = request.into_parts();
        let now = OffsetDateTime::now_utc();
        sigv4::sign(&mut parts, &body, &self.settings.credentials, service, now)
            .map_err(|error| failed(error.to_string()))?;
        let request = Request::from_parts(parts, Full::new(body));
        let response = self
            .client
            .request(request)
            .await
            .map_err(|error| failed(crate::one_line(&error)))?;
        let status = response.status();
        let collected = response.into_body().collect().await;
        let bytes = collected
            .map_err(|error| failed(crate::one_line(&error)))?
            .to_bytes();
        Ok((status, String::from_utf8_lossy(&bytes).into_owned()))
    }
}

/// The text of the first element called `name`.
fn element(text: &str, name: &str) -> Option<String> {
    let document = roxmltree::Document::parse(text).ok()?;
    document
        .descendants()
        .find(|node| node.tag_name().name() == name)
        .and_then(|node| node.text())
        .map(|text| text.trim().to_owned())
}
