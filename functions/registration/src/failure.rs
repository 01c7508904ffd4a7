//! Why requests are not fulfilled, and the one shape in which that is answered.
//!
//! `{"error":{"code","message","problems"?,"requestId"}}`, where `code` is a word that programs can rely on.

use std::collections::BTreeMap;

use http::header::{ALLOW, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use lambda_http::{Body, Response};
use registry::logging;
use registry::{InvalidId, Problems, Refusal, Refused, RegistrationId, StoreError, WriteError};
use serde::Serialize;

use crate::answer;
use crate::conditions::{self, etag};

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
    /// A header with a condition cannot be read.
    InvalidCondition {
        /// The header.
        header: &'static str,
    },
    /// The body says that it is not JSON.
    UnsupportedMediaType,
    /// The body is longer than it may be.
    TooLarge {
        /// The most bytes that it may have.
        longest: usize,
    },
    /// The body is not what was to be sent: a registration, or a patch of one.
    Invalid(Problems),
    /// The body holds no documents to validate.
    InvalidDocuments(Problems),
    /// The body is no batch that could be tried.
    InvalidBatch(Problems),
    /// The body is another registration than the path says.
    OtherId {
        /// What the path says.
        path: RegistrationId,
        /// What the body says.
        body: RegistrationId,
    },
    /// Functions can't be invoked, as the problems say, each with its mend.
    NotInvocable(Problems),
    /// Nothing has this id.
    NotRegistered(RegistrationId),
    /// The change was not made.
    NotWritten(WriteError),
    /// None of the changes of a batch was made.
    BatchNotWritten(WriteError),
    /// There is more to answer than an answer can hold.
    AnswerTooLarge,
    /// The store could not do it.
    Store(StoreError),
}

/// The status and the word for a failure.
type Kind = (StatusCode, &'static str);

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
    /// The present entity tags of what a batch's conditions do not hold for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    etags: BTreeMap<String, Option<String>>,
    /// How many of a batch's operations can be done at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    fits: Option<usize>,
    request_id: &'a str,
}

impl Failure {
    /// The word for it.
    pub fn code(&self) -> &'static str {
        self.kind().1
    }

    fn kind(&self) -> Kind {
        match self {
            Self::NoSuchPath => (StatusCode::NOT_FOUND, "not_found"),
            Self::ForeignOrigin => (StatusCode::FORBIDDEN, "foreign_origin"),
            Self::MethodNotAllowed { .. } => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::InvalidId(_) => (StatusCode::BAD_REQUEST, "invalid_id"),
            Self::InvalidQuery { .. } => (StatusCode::BAD_REQUEST, "invalid_query"),
            Self::InvalidCondition { .. } => (StatusCode::BAD_REQUEST, "invalid_condition"),
            Self::UnsupportedMediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type")
            }
            Self::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large"),
            Self::Invalid(_) => (StatusCode::BAD_REQUEST, "invalid_registration"),
            Self::InvalidDocuments(_) => (StatusCode::BAD_REQUEST, "invalid_documents"),
            Self::InvalidBatch(_) => (StatusCode::BAD_REQUEST, "invalid_batch"),
            Self::OtherId { .. } => (StatusCode::BAD_REQUEST, "id_mismatch"),
            Self::NotInvocable(_) => (StatusCode::UNPROCESSABLE_ENTITY, "function_not_invocable"),
            Self::NotRegistered(_) => NOT_REGISTERED,
            Self::NotWritten(error) | Self::BatchNotWritten(error) => kind_of_write(error),
            Self::AnswerTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "answer_too_large"),
            Self::Store(error) => kind_of_store(error),
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
            Self::InvalidCondition { header } => {
                format!("The header {header} {}.", conditions::MALFORMED)
            }
            Self::UnsupportedMediaType => {
                "Send JSON, with Content-Type: application/json.".to_owned()
            }
            Self::TooLarge { longest } => format!("The body has at most {longest} bytes."),
            Self::Invalid(problems) => match problems.len() {
                1 => "The registration has a problem.".to_owned(),
                count => format!("The registration has {count} problems."),
            },
            Self::InvalidDocuments(_) => {
                "Send a registration, an array of them, or an object with such an array as `registrations`."
                    .to_owned()
            }
            Self::InvalidBatch(problems) => match problems.len() {
                1 => "The batch has a problem, and nothing was written.".to_owned(),
                count => format!("The batch has {count} problems, and nothing was written."),
            },
            Self::OtherId { path, body } => format!(
                "Cannot change registration ID: the path says {path}, the type and name in the body say {body}."
            ),
            Self::NotInvocable(_) => {
                "Calls would fail, and so nothing was written. To write it all the same, add ?force=true."
                    .to_owned()
            }
            Self::NotRegistered(id) => format!("{id} is not registered."),
            Self::NotWritten(error) => match error {
                WriteError::Refused(refused) => refused
                    .first()
                    .map(|refused| advice(&refused.refusal))
                    .unwrap_or_default(),
                error => message_of_write(error),
            },
            Self::BatchNotWritten(error) => match error {
                WriteError::Refused(refused) if refused.len() > 1 => format!(
                    "{} operations can't be done, and so nothing was written.",
                    refused.len()
                ),
                WriteError::Refused(_) => {
                    "An operation can't be done, and so nothing was written.".to_owned()
                }
                error => message_of_write(error),
            },
            Self::AnswerTooLarge => {
                "The answer would be larger than Lambda passes on: send fewer documents at once."
                    .to_owned()
            }
            Self::Store(error) => message_of_store(error),
        }
    }

    /// What is wrong, place by place.
    fn problems(&self) -> Option<Problems> {
        match self {
            Self::Invalid(problems)
            | Self::InvalidDocuments(problems)
            | Self::InvalidBatch(problems)
            | Self::NotInvocable(problems) => Some(problems.clone()),
            Self::BatchNotWritten(WriteError::Refused(refused)) => {
                let mut problems = Problems::default();
                for Refused { change, refusal } in refused {
                    problems.add(format!("operations[{change}]"), advice(refusal));
                }
                Some(problems)
            }
            _ => None,
        }
    }

    /// The answer. Failures of the function's own are logged with their causes.
    pub(crate) fn into_response(self, request_id: &str) -> Response<Body> {
        let (status, code) = self.kind();
        if status.is_server_error() {
            self.log(request_id);
        }
        let problems = self.problems();
        let document = ErrorDocument {
            error: ErrorBody {
                code,
                message: self.message(),
                problems: problems.as_ref(),
                etags: match &self {
                    Self::BatchNotWritten(WriteError::Refused(refused)) => present_tags(refused),
                    _ => BTreeMap::new(),
                },
                fits: match &self {
                    Self::BatchNotWritten(WriteError::TooLarge { fits }) => Some(*fits),
                    _ => None,
                },
                request_id,
            },
        };
        let body = serde_json::to_string(&document).expect("strings and numbers always serialise");
        let mut response = answer::json(status, body);
        let headers = response.headers_mut();
        match &self {
            Self::MethodNotAllowed { allow } => {
                headers.insert(ALLOW, HeaderValue::from_static(allow));
            }
            Self::NotWritten(WriteError::Refused(refused)) => {
                if let [
                    Refused {
                        refusal:
                            Refusal::PreconditionFailed {
                                revision: Some(revision),
                                ..
                            },
                        ..
                    },
                ] = refused[..]
                {
                    return answer::tagged(response, revision);
                }
            }
            _ if status == StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }

    fn log(&self, request_id: &str) {
        let error: &dyn std::error::Error = match self {
            Self::Store(error) => error,
            Self::NotWritten(error) | Self::BatchNotWritten(error) => error,
            _ => return,
        };
        tracing::error!(
            requestId = request_id,
            error = logging::chain(error),
            "the store failed"
        );
    }
}

const NOT_REGISTERED: Kind = (StatusCode::NOT_FOUND, "not_registered");

fn kind_of_write(error: &WriteError) -> Kind {
    match error {
        WriteError::Refused(refused) => match refused.first().map(|first| &first.refusal) {
            Some(Refusal::AlreadyExists(_)) => (StatusCode::CONFLICT, "already_registered"),
            Some(Refusal::NotFound(_)) => NOT_REGISTERED,
            Some(Refusal::UriTaken { .. }) => (StatusCode::CONFLICT, "uri_taken"),
            Some(Refusal::PreconditionFailed { .. }) => {
                (StatusCode::PRECONDITION_FAILED, "precondition_failed")
            }
            Some(Refusal::Repeated(_)) | None => (StatusCode::BAD_REQUEST, "invalid_batch"),
        },
        WriteError::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "batch_too_large"),
        WriteError::Conflict { .. } => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
        WriteError::Store(error) => kind_of_store(error),
    }
}

fn kind_of_store(error: &StoreError) -> Kind {
    match error {
        StoreError::Throttled(_) => (StatusCode::SERVICE_UNAVAILABLE, "throttled"),
        StoreError::Corrupt { .. } | StoreError::Denied(_) | StoreError::Unavailable(_) => {
            (StatusCode::INTERNAL_SERVER_ERROR, "internal_error")
        }
    }
}

/// Why a change is not made, and what to do instead.
fn advice(refusal: &Refusal) -> String {
    match refusal {
        Refusal::AlreadyExists(id) => {
            format!("{id} is registered already. To change it, PUT it to /register/{id}.")
        }
        Refusal::NotFound(id) => format!("{id} is not registered."),
        Refusal::UriTaken { uri, by } => format!("The URI {uri} is that of {by}."),
        Refusal::PreconditionFailed {
            id,
            revision: Some(revision),
        } => format!(
            "{id} is at the ETag {} now. Read it, and decide again.",
            etag(*revision)
        ),
        Refusal::PreconditionFailed { id, revision: None } => {
            format!("{id} is not registered, or not any more.")
        }
        Refusal::Repeated(id) => {
            format!("{id} is changed by an earlier operation already: keep one.")
        }
    }
}

fn message_of_write(error: &WriteError) -> String {
    match error {
        WriteError::TooLarge { fits } => format!(
            "One transaction can't hold all of this, and so nothing was written: the first {fits} operations would fit."
        ),
        WriteError::Conflict { .. } => "Other changes came first each time. Try again.".to_owned(),
        WriteError::Store(error) => message_of_store(error),
        WriteError::Refused(_) => error.to_string(),
    }
}

fn message_of_store(error: &StoreError) -> String {
    match error {
        StoreError::Throttled(_) => {
            "The table takes no more requests right now. Try again.".to_owned()
        }
        StoreError::Corrupt { item, .. } => format!(
            "What is stored as {item} cannot be read. PUT or DELETE it, or look into the function's log."
        ),
        StoreError::Denied(_) | StoreError::Unavailable(_) => {
            "Something went wrong here. The function's log says what, under this request id."
                .to_owned()
        }
    }
}

/// The present entity tags of the registrations whose conditions do not hold, by id; none for one that is not
/// registered.
fn present_tags(refused: &[Refused]) -> BTreeMap<String, Option<String>> {
    let tag = |refused: &Refused| match &refused.refusal {
        Refusal::PreconditionFailed { id, revision } => Some((id.to_string(), revision.map(etag))),
        _ => None,
    };
    refused.iter().filter_map(tag).collect()
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        Self::NotWritten(error)
    }
}
