//! A deployment's registration API over HTTP, signed where it is protected by IAM.

mod answers;
mod client;
mod signing;

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use self::answers::{ChangesAnswer, ListAnswer, ValidateAnswer, malformed};
use self::client::{Client, Reply};
pub use self::signing::{Signer, SigningError};
use crate::document::Document;
use crate::id::Id;
use crate::node::Node;
use crate::ports::{LastChange, Live, Operation, Page, Registry, RegistryError, Verdict};

/// How many registrations a page holds at most; the registry has as many at most.
const PAGE: usize = 1000;

/// The address of a registration API, such as `https://abc.lambda-url.eu-west-1.on.aws/register`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrationUrl(http::Uri);

/// Why a text is no such address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrl {
    /// It is not `https://HOST` or `http://HOST`, with `/register` or without a path.
    #[error("must be a function URL with `/register` behind it, or without a path")]
    Shape,
    /// It would be reached over the network without encryption.
    #[error("must begin with https://: plain http:// is for this machine alone")]
    Plain,
}

impl RegistrationUrl {
    /// Reads an address. What a deployment's output `RegistrationFunctionUrl` says is one, too.
    pub fn parse(text: &str) -> Result<Self, InvalidUrl> {
        let base = text.trim_end_matches('/');
        let base = base.strip_suffix("/register").unwrap_or(base);
        let url: http::Uri = format!("{base}/register")
            .parse()
            .map_err(|_| InvalidUrl::Shape)?;
        let is_plain = match url.scheme_str() {
            Some("https") => false,
            Some("http") => true,
            _ => return Err(InvalidUrl::Shape),
        };
        if url.path() != "/register" || url.query().is_some() || url.host().is_none() {
            return Err(InvalidUrl::Shape);
        }
        let url = Self(url);
        if is_plain && !url.is_local() {
            return Err(InvalidUrl::Plain);
        }
        Ok(url)
    }

    /// Whether it is on this machine.
    pub fn is_local(&self) -> bool {
        tooling::aws::config::is_loopback(&self.0.to_string())
    }

    /// The region that a function URL's host names.
    pub fn region(&self) -> Option<&str> {
        let mut parts = self.0.host()?.split('.').skip(1);
        (parts.next()? == "lambda-url")
            .then(|| parts.next())
            .flatten()
    }

    fn with(&self, rest: &str) -> String {
        format!("{}{rest}", self.0)
    }
}

impl fmt::Display for RegistrationUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The registration API at an address.
#[derive(Debug)]
pub struct HttpRegistry {
    url: RegistrationUrl,
    client: Client,
}

#[derive(Serialize)]
struct Batch<'a> {
    operations: Vec<BatchOperation<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchOperation<'a> {
    op: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    registration: Option<&'a Node>,
    #[serde(skip_serializing_if = "Option::is_none")]
    if_match: Option<&'a str>,
}

#[derive(Serialize)]
struct Documents<'a> {
    registrations: &'a [&'a Node],
}

impl HttpRegistry {
    /// The API at `url`; requests are signed if there is a signer.
    pub fn new(url: RegistrationUrl, signer: Option<Signer>) -> Self {
        Self {
            url,
            client: Client::new(signer),
        }
    }

    async fn get_json(&self, rest: &str) -> Result<Reply, RegistryError> {
        let url = self.url.with(rest);
        self.client.send(Method::GET, &url, Bytes::new()).await
    }

    async fn post_json(&self, rest: &str, body: &impl Serialize) -> Result<Reply, RegistryError> {
        let body = serde_json::to_vec(body).map_err(malformed)?;
        let url = self.url.with(rest);
        self.client
            .send(Method::POST, &url, body.into())
            .await?
            .success()
    }
}

impl Registry for HttpRegistry {
    async fn page(&self, cursor: Option<&str>) -> Result<Page, RegistryError> {
        let cursor = cursor.map_or_else(String::new, |cursor| {
            format!("&cursor={}", utf8_percent_encode(cursor, NON_ALPHANUMERIC))
        });
        let reply = self
            .get_json(&format!("?include=etag&limit={PAGE}{cursor}"))
            .await?
            .success()?;
        let version = etag(&reply.headers)?;
        reply.json::<ListAnswer>()?.into_page(version)
    }

    async fn get(&self, id: &Id) -> Result<Option<Live>, RegistryError> {
        let reply = self.get_json(&format!("/{id}")).await?;
        if reply.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let reply = reply.success()?;
        let etag = etag(&reply.headers)?;
        let document = Document::new(reply.json()?);
        let document = document.ok_or_else(|| malformed("a registration without type and name"))?;
        Ok(Some(Live { document, etag }))
    }

    async fn validate(
        &self,
        documents: &[&Node],
        health: bool,
    ) -> Result<Vec<Verdict>, RegistryError> {
        let rest = format!(":validate?include=registration&health={health}");
        let body = Documents {
            registrations: documents,
        };
        let reply = self.post_json(&rest, &body).await?;
        reply
            .json::<ValidateAnswer>()?
            .into_verdicts(documents.len())
    }

    async fn batch(&self, operations: &[Operation], force: bool) -> Result<(), RegistryError> {
        let operations = operations.iter().map(|operation| match operation {
            Operation::Create { registration, .. } => BatchOperation {
                op: "create",
                id: None,
                registration: Some(registration),
                if_match: None,
            },
            Operation::Replace {
                registration,
                if_match,
                ..
            } => BatchOperation {
                op: "replace",
                id: None,
                registration: Some(registration),
                if_match: Some(if_match),
            },
            Operation::Delete { id, if_match } => BatchOperation {
                op: "delete",
                id: Some(id),
                registration: None,
                if_match: Some(if_match),
            },
        });
        let body = Batch {
            operations: operations.collect(),
        };
        let rest = if force { ":batch?force=true" } else { ":batch" };
        self.post_json(rest, &body).await?;
        Ok(())
    }

    async fn last_change(&self, id: &Id) -> Result<Option<LastChange>, RegistryError> {
        let reply = self.get_json(&format!("/{id}/changes?limit=1")).await?;
        if reply.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let answer: ChangesAnswer = reply.success()?.json()?;
        Ok(answer.changes.into_iter().next())
    }
}

fn etag(headers: &HeaderMap) -> Result<String, RegistryError> {
    let value = headers
        .get(http::header::ETAG)
        .and_then(|value| value.to_str().ok());
    value
        .map(str::to_owned)
        .ok_or_else(|| malformed("no ETag in the answer"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_of_the_registration_function() {
        for text in [
            "https://abc.lambda-url.eu-west-1.on.aws",
            "https://abc.lambda-url.eu-west-1.on.aws/",
            "https://abc.lambda-url.eu-west-1.on.aws/register",
            "https://abc.lambda-url.eu-west-1.on.aws/register/",
        ] {
            let url = RegistrationUrl::parse(text).unwrap();
            assert_eq!(
                url.to_string(),
                "https://abc.lambda-url.eu-west-1.on.aws/register"
            );
            assert_eq!(url.region(), Some("eu-west-1"));
            assert!(!url.is_local());
        }
        let local = RegistrationUrl::parse("http://127.0.0.1:9100/register").unwrap();
        assert!(local.is_local());
        assert_eq!(local.region(), None);
        assert_eq!(
            local.with("/tool-a"),
            "http://127.0.0.1:9100/register/tool-a"
        );
    }

    #[test]
    fn credentials_are_not_signed_with_in_the_open() {
        let refused = |text| RegistrationUrl::parse(text).unwrap_err();
        assert_eq!(refused("http://example.org/register"), InvalidUrl::Plain);
        for text in [
            "",
            "register",
            "ftp://a/register",
            "https://a/other",
            "https://a/register?x=1",
            "https://",
        ] {
            assert_eq!(refused(text), InvalidUrl::Shape, "{text}");
        }
    }
}
