//! SAR over HTTP: which operation a request is.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::errors::SarError;
use super::{MAX_REQUEST, Sar};
use crate::listener::{ResponseBody, full};

const APPLICATIONS: &str = "/applications";

/// Whether `path` belongs to SAR.
pub(crate) fn is_sar_path(path: &str) -> bool {
    path.strip_prefix(APPLICATIONS)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The answer to a request of more than [`MAX_REQUEST`].
pub(crate) fn too_large() -> Response<ResponseBody> {
    SarError::TooLarge(MAX_REQUEST).response()
}

/// What an operation answers: a status and, unless there is nothing to say, a document.
pub(super) type Answer = Result<(StatusCode, Option<Value>), SarError>;

impl Sar {
    /// Answers one request.
    pub(crate) async fn call(&self, parts: &Parts, body: &Bytes) -> Response<ResponseBody> {
        let mut response = match self.route(parts, body).await {
            Err(error) => error.response(),
            Ok((status, document)) => {
                let mut response = match document {
                    Some(document) => Response::new(full(document.to_string())),
                    None => Response::new(full(Bytes::new())),
                };
                *response.status_mut() = status;
                let json = HeaderValue::from_static("application/json");
                response.headers_mut().insert(CONTENT_TYPE, json);
                response
            }
        };
        let id = uuid::Uuid::new_v4().to_string();
        if let Ok(id) = HeaderValue::from_str(&id) {
            response.headers_mut().insert("x-amzn-requestid", id);
        }
        response
    }

    async fn route(&self, parts: &Parts, body: &Bytes) -> Answer {
        let path = parts.uri.path();
        // An application's id holds a slash, so it has to come encoded, and is decoded after the path is split.
        let segments: Vec<String> = path
            .split('/')
            .skip(2)
            .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
            .collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let query = query(parts.uri.query().unwrap_or_default());
        let get = |name: &str| query.get(name).map(String::as_str);
        let ok = |document| Ok((StatusCode::OK, Some(document)));
        let created = |document| Ok((StatusCode::CREATED, Some(document)));
        let no_content = Ok((StatusCode::NO_CONTENT, None));
        match (&parts.method, segments.as_slice()) {
            (&Method::POST, []) => created(self.create_application(&read(body)?)?),
            (&Method::GET, []) => ok(self.list_applications(&query)?),
            (&Method::GET, [id]) => ok(self.get_application(id, get("semanticVersion"))?),
            (&Method::PATCH, [id]) => ok(self.update_application(id, &read(body)?)?),
            (&Method::DELETE, [id]) => {
                self.delete_application(id)?;
                no_content
            }
            (&Method::GET, [id, "versions"]) => ok(self.list_versions(id, &query)?),
            (&Method::PUT, [id, "versions", version]) => {
                created(self.create_version(id, version, &read(body)?)?)
            }
            (&Method::GET, [id, "dependencies"]) => {
                ok(self.list_dependencies(id, get("semanticVersion"), &query)?)
            }
            (&Method::GET, [id, "policy"]) => ok(self.get_policy(id)?),
            (&Method::PUT, [id, "policy"]) => ok(self.put_policy(id, read(body)?)?),
            (&Method::POST, [id, "unshare"]) => {
                self.unshare(id, &read(body)?)?;
                no_content
            }
            (&Method::POST, [id, "changesets"]) => {
                created(self.create_change_set(id, &read(body)?).await?)
            }
            (&Method::POST, [id, "templates"]) => created(self.create_template(id, &read(body)?)?),
            (&Method::GET, [id, "templates", template]) => ok(self.get_template(id, template)?),
            _ => Err(SarError::NoSuchOperation),
        }
    }
}

/// A body; an empty one has no fields.
fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, SarError> {
    let text: &[u8] = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(text)
        .map_err(|error| SarError::bad(format!("the request can't be read: {error}")))
}

fn query(text: &str) -> BTreeMap<String, String> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    text.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}
