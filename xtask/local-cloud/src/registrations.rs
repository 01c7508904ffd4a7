//! Registering at start: the sample's documents and the files of `--register`, through the registration function itself.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use thiserror::Error;

use crate::credentials::Principal;
use crate::host::LambdaHost;
use crate::url::FunctionUrl;

/// What the sample function offers.
pub(crate) const SAMPLE: [(&str, &str); 3] = [
    (
        "hello.json",
        include_str!("../../../functions/sample/registrations/hello.json"),
    ),
    (
        "hello-text.json",
        include_str!("../../../functions/sample/registrations/hello-text.json"),
    ),
    (
        "greet.json",
        include_str!("../../../functions/sample/registrations/greet.json"),
    ),
];

/// A registration that was not taken.
#[derive(Debug, Error)]
pub enum RegisterError {
    /// The file can't be read.
    #[error("can't read the registrations")]
    Read(#[from] std::io::Error),
    /// The file is not JSON.
    #[error("{file} is not valid JSON")]
    NotJson {
        /// The file.
        file: String,
        /// Where it goes wrong.
        source: serde_json::Error,
    },
    /// The registration function refused it.
    #[error("{file}: {subject}: {message}")]
    Refused {
        /// The file.
        file: String,
        /// Which registration of the file.
        subject: String,
        /// The function's words.
        message: String,
    },
    /// The registration function's answer can't be understood.
    #[error("the registration function answered {status} with something that is not its JSON")]
    Answer {
        /// The answer's status.
        status: StatusCode,
    },
}

/// What to do about a registration that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    Keep,
    Replace,
}

/// The registration function, called as its URL would call it.
pub(crate) struct Registrar<'a> {
    pub(crate) host: &'a LambdaHost,
    pub(crate) url: &'a FunctionUrl,
    pub(crate) caller: Option<&'a Principal>,
}

impl Registrar<'_> {
    /// Registers what is in `path`: one registration or an array of them.
    pub(crate) async fn register_file(&self, path: &Path) -> Result<(), RegisterError> {
        let text = fs_err::read_to_string(path)?;
        self.register(&path.display().to_string(), &text, Existing::Replace)
            .await
    }

    pub(crate) async fn register(
        &self,
        file: &str,
        text: &str,
        existing: Existing,
    ) -> Result<(), RegisterError> {
        let document: Value =
            serde_json::from_str(text).map_err(|source| RegisterError::NotJson {
                file: file.to_owned(),
                source,
            })?;
        let documents = match document {
            Value::Array(documents) => documents,
            document => vec![document],
        };
        for (index, document) in documents.iter().enumerate() {
            self.register_one(document, existing)
                .await?
                .map_err(|message| RegisterError::Refused {
                    file: file.to_owned(),
                    subject: id(document).unwrap_or_else(|| format!("registration {}", index + 1)),
                    message,
                })?;
        }
        Ok(())
    }

    /// `Ok(Err(message))` if the function refuses the document.
    async fn register_one(
        &self,
        document: &Value,
        existing: Existing,
    ) -> Result<Result<(), String>, RegisterError> {
        let body = Bytes::from(document.to_string());
        let (status, answer) = self.call(Method::POST, "/register", body.clone()).await;
        if status.is_success() {
            return Ok(Ok(()));
        }
        match (status, existing, id(document)) {
            (StatusCode::CONFLICT, Existing::Keep, _) => Ok(Ok(())),
            (StatusCode::CONFLICT, Existing::Replace, Some(id)) => {
                let path = format!("/register/{}", utf8_percent_encode(&id, NON_ALPHANUMERIC));
                let (status, replaced) = self.call(Method::PUT, &path, body).await;
                // Not found after all: the conflict was another one, such as a URI that is taken.
                let (status, answer) = if status == StatusCode::NOT_FOUND {
                    (StatusCode::CONFLICT, answer)
                } else {
                    (status, replaced)
                };
                if status.is_success() {
                    Ok(Ok(()))
                } else {
                    refusal(status, &answer).map(Err)
                }
            }
            _ => refusal(status, &answer).map(Err),
        }
    }

    /// The ids of everything that is registered, in the function's order.
    pub(crate) async fn list(&self) -> Result<Vec<String>, RegisterError> {
        let mut ids = Vec::new();
        let mut path = "/register".to_owned();
        loop {
            let (status, answer) = self.call(Method::GET, &path, Bytes::new()).await;
            let page: Value =
                serde_json::from_slice(&answer).map_err(|_| RegisterError::Answer { status })?;
            let registrations = page["registrations"]
                .as_array()
                .ok_or(RegisterError::Answer { status })?;
            ids.extend(registrations.iter().filter_map(id));
            match page["nextCursor"].as_str() {
                Some(cursor) => {
                    path = format!(
                        "/register?cursor={}",
                        utf8_percent_encode(cursor, NON_ALPHANUMERIC)
                    );
                }
                None => return Ok(ids),
            }
        }
    }

    async fn call(&self, method: Method, path: &str, body: Bytes) -> (StatusCode, Bytes) {
        let mut request = Request::new(());
        *request.method_mut() = method;
        *request.uri_mut() = path
            .parse()
            .expect("paths are made of literals and percent-encoded parts");
        let headers = request.headers_mut();
        headers.insert(
            "content-type",
            http::HeaderValue::from_static("application/json"),
        );
        headers.insert("host", http::HeaderValue::from_static("127.0.0.1"));
        let (parts, ()) = request.into_parts();
        let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let response = self
            .url
            .call(self.host, &parts, &body, peer, self.caller)
            .await;
        let status = response.status();
        // A body that breaks off is as good as none: what was there of it is not JSON.
        let body = response
            .into_body()
            .collect()
            .await
            .map(http_body_util::Collected::to_bytes);
        (status, body.unwrap_or_default())
    }
}

/// `{type}-{name}`, as far as the document has both.
fn id(document: &Value) -> Option<String> {
    Some(format!(
        "{}-{}",
        document["type"].as_str()?,
        document["name"].as_str()?
    ))
}

/// An error answer as one line: its message and every problem.
fn refusal(status: StatusCode, answer: &[u8]) -> Result<String, RegisterError> {
    let unclear = || RegisterError::Answer { status };
    let document: Value = serde_json::from_slice(answer).map_err(|_| unclear())?;
    let error = &document["error"];
    let mut line = error["message"].as_str().ok_or_else(unclear)?.to_owned();
    for problem in error["problems"].as_array().into_iter().flatten() {
        let field = problem["field"].as_str().unwrap_or_default();
        let message = problem["message"].as_str().unwrap_or_default();
        line.push_str("; ");
        if !field.is_empty() {
            line.push_str(field);
            line.push_str(": ");
        }
        line.push_str(message);
    }
    Ok(line)
}
