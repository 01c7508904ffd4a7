//! The Lambda API's errors on the wire.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use crate::host::InvokeError;
use crate::listener::{ResponseBody, full};
use crate::one_line::one_line;
use crate::sigv4::SignatureError;

/// An error as the service model declares it.
#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    kind: &'static str,
    document: Value,
}

impl ApiError {
    fn user(status: StatusCode, kind: &'static str, message: &str) -> Self {
        Self {
            status,
            kind,
            document: json!({"Type": "User", "Message": message}),
        }
    }

    fn service(status: StatusCode, kind: &'static str, message: &str) -> Self {
        Self {
            status,
            kind,
            document: json!({"Type": "Service", "Message": message}),
        }
    }

    pub(super) fn not_found(arn: &str) -> Self {
        let message = format!("Function not found: {arn}");
        Self::user(StatusCode::NOT_FOUND, "ResourceNotFoundException", &message)
    }

    pub(super) fn no_such_operation() -> Self {
        let message = "The local cloud serves Invoke and InvokeWithResponseStream only";
        Self::user(StatusCode::NOT_FOUND, "UnknownOperationException", message)
    }

    pub(super) fn method_not_allowed() -> Self {
        Self::user(
            StatusCode::METHOD_NOT_ALLOWED,
            "MethodNotAllowedException",
            "Invoke is a POST",
        )
    }

    pub(super) fn invalid_parameter(message: &str) -> Self {
        Self::user(
            StatusCode::BAD_REQUEST,
            "InvalidParameterValueException",
            message,
        )
    }

    pub(super) fn invalid_content(message: &str) -> Self {
        Self::user(
            StatusCode::BAD_REQUEST,
            "InvalidRequestContentException",
            message,
        )
    }

    pub(super) fn too_large(limit: usize) -> Self {
        let message =
            format!("Request must be smaller than {limit} bytes for the InvokeFunction operation");
        Self::user(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestTooLargeException",
            &message,
        )
    }

    pub(super) fn throttled() -> Self {
        let document = json!({
            "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded",
            "Type": "User",
            "message": "Rate Exceeded.",
        });
        Self {
            status: StatusCode::TOO_MANY_REQUESTS,
            kind: "TooManyRequestsException",
            document,
        }
    }

    pub(super) fn denied(arn: &str) -> Self {
        let message = format!(
            "User is not authorized to perform: lambda:InvokeFunction on resource: {arn} because no identity-based \
             policy allows the lambda:InvokeFunction action"
        );
        Self {
            status: StatusCode::FORBIDDEN,
            kind: "AccessDeniedException",
            document: json!({"Message": message}),
        }
    }

    pub(super) fn internal() -> Self {
        Self::service(
            StatusCode::INTERNAL_SERVER_ERROR,
            "ServiceException",
            "Internal server error",
        )
    }

    pub(super) fn response(&self) -> Response<ResponseBody> {
        let mut response = Response::new(full(self.document.to_string()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert("x-amzn-errortype", HeaderValue::from_static(self.kind));
        response
    }
}

impl From<InvokeError> for ApiError {
    fn from(error: InvokeError) -> Self {
        match error {
            InvokeError::NotFound { arn } => Self::not_found(&arn),
            InvokeError::Throttled => Self::throttled(),
            InvokeError::CannotStart { .. } => {
                // The service's own error for code that can't be run.
                Self::service(
                    StatusCode::BAD_GATEWAY,
                    "InvalidRuntimeException",
                    &one_line(&error),
                )
            }
            InvokeError::ShuttingDown => Self::internal(),
        }
    }
}

impl From<SignatureError> for ApiError {
    fn from(error: SignatureError) -> Self {
        let kind = match error {
            SignatureError::Missing => "MissingAuthenticationTokenException",
            SignatureError::Malformed(_) => "IncompleteSignatureException",
            SignatureError::UnknownKey => "UnrecognizedClientException",
            SignatureError::Scope(_)
            | SignatureError::Time
            | SignatureError::UnsignedHeader
            | SignatureError::Body
            | SignatureError::Mismatch => "InvalidSignatureException",
        };
        let document = json!({"message": error.to_string()});
        Self {
            status: StatusCode::FORBIDDEN,
            kind,
            document,
        }
    }
}
