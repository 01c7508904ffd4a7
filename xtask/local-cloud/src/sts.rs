//! The Security Token Service as far as its callers ask who they are.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};

use crate::credentials::Principal;
use crate::function::ACCOUNT_ID;
use crate::listener::{ResponseBody, full};

const FORM: &[u8] = b"application/x-www-form-urlencoded";

/// Whether a request is one to STS: MCP's clients never post forms.
pub(crate) fn is_sts_request(parts: &Parts) -> bool {
    parts.method == Method::POST
        && parts.uri.path() == "/"
        && parts
            .headers
            .get(CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(FORM))
}

/// Answers one request; who is not known is the account itself.
pub(crate) fn call(body: &Bytes, caller: Option<&Principal>) -> Response<ResponseBody> {
    let is_known = body
        .split(|byte| *byte == b'&')
        .any(|pair| pair == b"Action=GetCallerIdentity");
    let id = uuid::Uuid::new_v4();
    let metadata = format!("<ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata>");
    let (status, text) = if is_known {
        let (arn, user) = caller.map_or_else(
            || (format!("arn:aws:iam::{ACCOUNT_ID}:root"), ACCOUNT_ID),
            |caller| (caller.arn.clone(), caller.user_id.as_str()),
        );
        let text = format!(
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
             <Arn>{arn}</Arn><UserId>{user}</UserId><Account>{ACCOUNT_ID}</Account></GetCallerIdentityResult>\
             {metadata}</GetCallerIdentityResponse>"
        );
        (StatusCode::OK, text)
    } else {
        let text = "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
                    <Code>InvalidAction</Code><Message>The local cloud serves GetCallerIdentity only</Message>\
                    </Error></ErrorResponse>";
        (StatusCode::BAD_REQUEST, text.to_owned())
    };
    let mut response = Response::new(full(text));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    response
}
