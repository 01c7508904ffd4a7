//! An HTTP request as the event that a Function URL makes of it: payload format 2.0.
//! <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html>

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::SocketAddr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_TYPE, COOKIE, EXPECT, HOST, TE, TRANSFER_ENCODING, UPGRADE,
    USER_AGENT,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::credentials::Principal;
use crate::function::ACCOUNT_ID;
use crate::host;

const LOG_TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000");

/// Headers between the client and the URL's front end; the function never sees them. Cookies have a field of their own,
/// and of a signed request `requestContext.authorizer` tells who called.
const NOT_PASSED_ON: [HeaderName; 7] = [
    CONNECTION,
    COOKIE,
    EXPECT,
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
    AUTHORIZATION,
];

/// What besides the HTTP request goes into an event.
pub(crate) struct Context<'a> {
    /// The function whose URL was called.
    pub(crate) function: &'a str,
    /// Who connected.
    pub(crate) peer: SocketAddr,
    /// The port the URL is served on.
    pub(crate) port: u16,
    /// Who signed the request, if signatures are verified.
    pub(crate) caller: Option<&'a Principal>,
}

/// The event for a request, JSON text.
pub(crate) fn event(
    parts: &Parts,
    body: &Bytes,
    context: &Context<'_>,
) -> Result<Bytes, serde_json::Error> {
    let now = OffsetDateTime::now_utc();
    let raw_query = parts.uri.query().unwrap_or_default();
    let host = text(&parts.headers, &HOST);
    let (text_body, is_base64) = encode_body(&parts.headers, body);
    let source_ip = context.peer.ip().to_string();
    let mut headers = headers(&parts.headers, context.caller.is_some());
    let trace_id = host::trace_id();
    let trace_id = trace_id.split(';').next().unwrap_or_default();
    headers.insert("x-amzn-trace-id", trace_id.into());
    headers.insert("x-forwarded-for", source_ip.as_str().into());
    headers.insert("x-forwarded-port", context.port.to_string().into());
    headers.insert("x-forwarded-proto", "http".into());
    if !body.is_empty() {
        headers.insert("content-length", body.len().to_string().into());
    }
    let event = Event {
        version: "2.0",
        route_key: "$default",
        raw_path: parts.uri.path(),
        raw_query_string: raw_query,
        cookies: cookies(&parts.headers),
        headers,
        query_string_parameters: query(raw_query),
        request_context: RequestContext {
            account_id: if context.caller.is_some() {
                ACCOUNT_ID
            } else {
                "anonymous"
            },
            api_id: context.function,
            authorizer: context.caller.map(authorizer),
            domain_name: &host,
            domain_prefix: context.function,
            http: Http {
                method: parts.method.as_str(),
                path: parts.uri.path(),
                protocol: "HTTP/1.1",
                source_ip: &source_ip,
                user_agent: text(&parts.headers, &USER_AGENT),
            },
            request_id: uuid::Uuid::new_v4().to_string(),
            route_key: "$default",
            stage: "$default",
            // The format names only parts that a date with time has, so this can't fail.
            time: now.format(LOG_TIME).unwrap_or_default(),
            time_epoch: now.unix_timestamp() * 1000 + i64::from(now.millisecond()),
        },
        body: text_body,
        is_base64_encoded: is_base64,
    };
    serde_json::to_vec(&event).map(Bytes::from)
}

fn authorizer(caller: &Principal) -> Authorizer<'_> {
    Authorizer {
        iam: Iam {
            access_key: &caller.credentials.access_key_id,
            account_id: ACCOUNT_ID,
            caller_id: &caller.user_id,
            cognito_identity: None,
            principal_org_id: None,
            user_arn: &caller.arn,
            user_id: &caller.user_id,
        },
    }
}

/// Names in lower case (as `http` keeps them), the values of a repeated header joined by commas.
fn headers(headers: &HeaderMap, is_signed: bool) -> BTreeMap<&str, Cow<'_, str>> {
    let mut joined: BTreeMap<&str, Cow<'_, str>> = BTreeMap::new();
    for (name, value) in headers {
        if NOT_PASSED_ON.contains(name) && (is_signed || name != AUTHORIZATION) {
            continue;
        }
        let value = String::from_utf8_lossy(value.as_bytes());
        joined
            .entry(name.as_str())
            .and_modify(|values| {
                let values = values.to_mut();
                values.push(',');
                values.push_str(&value);
            })
            .or_insert(value);
    }
    joined
}

fn cookies(headers: &HeaderMap) -> Vec<Cow<'_, str>> {
    let mut cookies = Vec::new();
    for header in headers.get_all(COOKIE) {
        match String::from_utf8_lossy(header.as_bytes()) {
            Cow::Borrowed(text) => cookies.extend(split_cookies(text).map(Cow::Borrowed)),
            Cow::Owned(text) => {
                cookies.extend(split_cookies(&text).map(|cookie| Cow::Owned(cookie.to_owned())));
            }
        }
    }
    cookies
}

fn split_cookies(text: &str) -> impl Iterator<Item = &str> {
    text.split(';')
        .map(str::trim)
        .filter(|cookie| !cookie.is_empty())
}

/// The decoded parameters, the values of a repeated one joined by commas; `None` without any.
fn query(raw: &str) -> Option<BTreeMap<String, String>> {
    let mut parameters: BTreeMap<String, String> = BTreeMap::new();
    for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = decode(value);
        parameters
            .entry(decode(name))
            .and_modify(|values| {
                values.push(',');
                values.push_str(&value);
            })
            .or_insert(value);
    }
    (!parameters.is_empty()).then_some(parameters)
}

fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " "))
        .decode_utf8_lossy()
        .into_owned()
}

/// The body as it stands in the event: text where the content type says text and it is UTF-8, base64 otherwise.
fn encode_body<'b>(headers: &HeaderMap, body: &'b Bytes) -> (Option<Cow<'b, str>>, bool) {
    if body.is_empty() {
        return (None, false);
    }
    if is_text(&text(headers, &CONTENT_TYPE))
        && let Ok(text) = std::str::from_utf8(body)
    {
        return (Some(Cow::Borrowed(text)), false);
    }
    (Some(Cow::Owned(BASE64_STANDARD.encode(body))), true)
}

fn is_text(content_type: &str) -> bool {
    let essence = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    essence.starts_with("text/")
        || essence.ends_with("+json")
        || essence.ends_with("+xml")
        || matches!(
            essence.as_str(),
            "application/json"
                | "application/javascript"
                | "application/xml"
                | "application/x-www-form-urlencoded"
        )
}

fn text(headers: &HeaderMap, name: &HeaderName) -> String {
    headers
        .get(name)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .unwrap_or_default()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    version: &'a str,
    route_key: &'a str,
    raw_path: &'a str,
    raw_query_string: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<Cow<'a, str>>,
    headers: BTreeMap<&'a str, Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    query_string_parameters: Option<BTreeMap<String, String>>,
    request_context: RequestContext<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Cow<'a, str>>,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'a> {
    account_id: &'a str,
    api_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorizer: Option<Authorizer<'a>>,
    domain_name: &'a str,
    domain_prefix: &'a str,
    http: Http<'a>,
    request_id: String,
    route_key: &'a str,
    stage: &'a str,
    time: String,
    time_epoch: i64,
}

#[derive(Serialize)]
struct Authorizer<'a> {
    iam: Iam<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Iam<'a> {
    access_key: &'a str,
    account_id: &'a str,
    caller_id: &'a str,
    cognito_identity: Option<()>,
    principal_org_id: Option<&'a str>,
    user_arn: &'a str,
    user_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Http<'a> {
    method: &'a str,
    path: &'a str,
    protocol: &'a str,
    source_ip: &'a str,
    user_agent: String,
}

#[cfg(test)]
#[path = "event_tests.rs"]
mod tests;
