//! What requests are answered with: documents, and the one shape of errors.
//!
//! `{"error":{"code","message","problems"?,"requestId"}}`, where `code` is a word that programs can rely on.

use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderName, HeaderValue, StatusCode};
use lambda_http::{Body, Response};
use registry::{InvalidId, Problems, Registration, RegistrationId, StoreError};
use serde::Serialize;

use registry::logging;

/// Why a request cannot be fulfilled.
#[derive(Debug)]
pub enum Failure {
    /// There is nothing at this path.
    NoSuchPath,
    /// The request comes from a page in a browser.
    ForeignOrigin,
    /// The path is right and the method is not.
    MethodNotAllowed {
        /// The methods that are, as the `Allow` header has them.
        allow: &'static str,
    },
    /// The path's id cannot be one.
    InvalidId(InvalidId),
    /// A query parameter cannot be used.
    InvalidQuery {
        /// The parameter.
        parameter: &'static str,
        /// What it should be.
        message: String,
    },
    /// The body says that it is not JSON.
    UnsupportedMediaType,
    /// The body is longer than a registration may be.
    TooLarge,
    /// The body is no registration.
    Invalid(Problems),
    /// The body is another registration than the path says.
    OtherId {
        /// What the path says.
        path: RegistrationId,
        /// What the body says.
        body: RegistrationId,
    },
    /// Nothing has this id.
    NotRegistered(RegistrationId),
    /// The store could not do it.
    Store(StoreError),
}

#[derive(Serialize)]
struct ErrorDocument<'a> {
    error: ErrorBody<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorBody<'a> {
    code: &'a str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    problems: Option<&'a Problems>,
    request_id: &'a str,
}

impl Failure {
    /// The word for it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSuchPath => "not_found",
            Self::ForeignOrigin => "foreign_origin",
            Self::MethodNotAllowed { .. } => "method_not_allowed",
            Self::InvalidId(_) => "invalid_id",
            Self::InvalidQuery { .. } => "invalid_query",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::TooLarge => "payload_too_large",
            Self::Invalid(_) => "invalid_registration",
            Self::OtherId { .. } => "id_mismatch",
            Self::NotRegistered(_) | Self::Store(StoreError::NotFound(_)) => "not_registered",
            Self::Store(StoreError::AlreadyExists(_)) => "already_registered",
            Self::Store(StoreError::UriTaken { .. }) => "uri_taken",
            Self::Store(StoreError::Conflict { .. }) => "busy",
            Self::Store(StoreError::Throttled(_)) => "throttled",
            Self::Store(
                StoreError::Corrupt { .. } | StoreError::Denied(_) | StoreError::Unavailable(_),
            ) => "internal_error",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NoSuchPath | Self::NotRegistered(_) | Self::Store(StoreError::NotFound(_)) => {
                StatusCode::NOT_FOUND
            }
            Self::ForeignOrigin => StatusCode::FORBIDDEN,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::InvalidId(_)
            | Self::InvalidQuery { .. }
            | Self::Invalid(_)
            | Self::OtherId { .. } => StatusCode::BAD_REQUEST,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Store(StoreError::AlreadyExists(_) | StoreError::UriTaken { .. }) => {
                StatusCode::CONFLICT
            }
            Self::Store(StoreError::Conflict { .. } | StoreError::Throttled(_)) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Store(
                StoreError::Corrupt { .. } | StoreError::Denied(_) | StoreError::Unavailable(_),
            ) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What the administrator reads: what is wrong, and what to do.
    fn message(&self) -> String {
        match self {
            Self::NoSuchPath => "There is nothing here; try /register.".to_owned(),
            Self::ForeignOrigin => "Pages of other origins may not register anything.".to_owned(),
            Self::MethodNotAllowed { allow } => format!("Use one of {allow} here."),
            Self::InvalidId(error) => format!("The id in the path is invalid: {error}."),
            Self::InvalidQuery { parameter, message } => {
                format!("The query parameter {parameter} {message}.")
            }
            Self::UnsupportedMediaType => {
                "Send JSON, with Content-Type: application/json.".to_owned()
            }
            Self::TooLarge => format!(
                "A registration has at most {} bytes.",
                Registration::MAX_BYTES
            ),
            Self::Invalid(problems) => match problems.len() {
                1 => "The registration has a problem.".to_owned(),
                count => format!("The registration has {count} problems."),
            },
            Self::OtherId { path, body } => format!(
                "Cannot change registration ID: the path says {path}, the type and name in the body say {body}."
            ),
            Self::NotRegistered(id) | Self::Store(StoreError::NotFound(id)) => {
                format!("{id} is not registered.")
            }
            Self::Store(StoreError::AlreadyExists(id)) => {
                format!("{id} is registered already. To change it, PUT it to /register/{id}.")
            }
            Self::Store(StoreError::UriTaken { uri, by }) => {
                format!("The URI {uri} is that of {by}.")
            }
            Self::Store(StoreError::Conflict { .. }) => {
                "Other changes came first each time. Try again.".to_owned()
            }
            Self::Store(StoreError::Throttled(_)) => {
                "The table takes no more requests right now. Try again.".to_owned()
            }
            Self::Store(StoreError::Corrupt { item, .. }) => format!(
                "What is stored as {item} cannot be read. PUT or DELETE it, or look into the function's log."
            ),
            Self::Store(StoreError::Denied(_) | StoreError::Unavailable(_)) => {
                "Something went wrong here. The function's log says what, under this request id."
                    .to_owned()
            }
        }
    }

    /// The answer. Failures of the function's own are logged with their causes.
    pub(crate) fn into_response(self, request_id: &str) -> Response<Body> {
        let status = self.status();
        if let Self::Store(error) = &self
            && status.is_server_error()
        {
            tracing::error!(
                requestId = request_id,
                error = logging::chain(error),
                "the store failed"
            );
        }
        let document = ErrorDocument {
            error: ErrorBody {
                code: self.code(),
                message: self.message(),
                problems: match &self {
                    Self::Invalid(problems) => Some(problems),
                    _ => None,
                },
                request_id,
            },
        };
        let body = serde_json::to_string(&document).expect("strings and numbers always serialise");
        let mut response = json(status, body);
        let headers = response.headers_mut();
        match &self {
            Self::MethodNotAllowed { allow } => {
                headers.insert(ALLOW, HeaderValue::from_static(allow));
            }
            _ if status == StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// A JSON answer that nobody may keep.
pub(crate) fn json(status: StatusCode, body: String) -> Response<Body> {
    let mut response = empty(status);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *response.body_mut() = Body::Text(body);
    response
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The registration's document, and on request where it is.
pub(crate) fn document(
    status: StatusCode,
    registration: &Registration,
    located: bool,
) -> Response<Body> {
    let mut response = json(status, registration.to_json().get().to_owned());
    if located {
        let location = format!("/register/{}", registration.id());
        insert(&mut response, LOCATION, &location);
    }
    response
}

fn insert(response: &mut Response<Body>, name: HeaderName, value: &str) {
    let value = HeaderValue::from_str(value).expect("ids are letters, digits, `_`, `.` and `-`");
    response.headers_mut().insert(name, value);
}
