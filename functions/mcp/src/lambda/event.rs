//! Events: a Function URL's (payload format 2.0), which is an HTTP request, and the function's own.

use crate::{invocation::Principal, tasks::WorkOrder};
use aws_lambda_events::event::lambda_function_urls::LambdaFunctionUrlRequest;
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{Request, Uri};

/// What this function can be invoked with.
#[derive(Debug)]
pub enum Event {
    /// A request to the Function URL. Boxed, since the other is small.
    Url(Box<UrlEvent>),
    /// The function's own event.
    Work(WorkOrder),
}

impl Event {
    /// Reads an event. What looks like one of the Function URL is one, whatever else is in it.
    pub fn parse(event: &[u8]) -> Result<Self, InvalidEvent> {
        match UrlEvent::parse(event) {
            Ok(url) => Ok(Self::Url(Box::new(url))),
            Err(invalid @ InvalidEvent::Shape(_)) => {
                WorkOrder::parse(event).map(Self::Work).ok_or(invalid)
            }
            Err(invalid) => Err(invalid),
        }
    }
}

/// What a Function URL event holds.
#[derive(Debug)]
pub struct UrlEvent {
    /// The client's request.
    pub request: Request<Bytes>,
    /// The caller, where the Function URL authenticates.
    pub principal: Option<Principal>,
}

/// Why an event isn't a Function URL event. The event itself is never quoted: it holds what clients sent.
#[derive(Debug, thiserror::Error)]
pub enum InvalidEvent {
    /// Not JSON, or JSON of another shape.
    #[error("the event is not a Function URL event of payload format 2.0")]
    Shape(#[source] serde_json::Error),
    /// `isBase64Encoded` is set and the body isn't base64.
    #[error("the event's body is not base64")]
    Body(#[source] base64::DecodeError),
    /// Path, query or method can't be part of an HTTP request.
    #[error("the event's path, query or method is not valid HTTP")]
    Request(#[source] http::Error),
}

impl UrlEvent {
    /// Reads an event.
    pub fn parse(event: &[u8]) -> Result<Self, InvalidEvent> {
        let event: LambdaFunctionUrlRequest =
            serde_json::from_slice(event).map_err(InvalidEvent::Shape)?;
        let body = match event.body {
            None => Bytes::new(),
            Some(text) if event.is_base64_encoded => {
                STANDARD.decode(text).map_err(InvalidEvent::Body)?.into()
            }
            Some(text) => text.into(),
        };
        let context = event.request_context;
        let mut request = Request::builder()
            .method(context.http.method.as_deref().unwrap_or_default())
            .uri(
                uri(event.raw_path.as_deref(), event.raw_query_string.as_deref())
                    .map_err(InvalidEvent::Request)?,
            )
            .body(body)
            .map_err(InvalidEvent::Request)?;
        *request.headers_mut() = event.headers;
        let principal = context
            .authorizer
            .and_then(|authorizer| authorizer.iam)
            .and_then(|iam| iam.user_arn)
            .map(|arn| Principal::from_user_arn(&arn));
        Ok(Self { request, principal })
    }
}

fn uri(path: Option<&str>, query: Option<&str>) -> Result<Uri, http::Error> {
    let path = path.filter(|path| !path.is_empty()).unwrap_or("/");
    match query.filter(|query| !query.is_empty()) {
        Some(query) => format!("{path}?{query}").parse(),
        None => path.parse(),
    }
    .map_err(|error: http::uri::InvalidUri| error.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(body: &str, base64: bool, path: &str) -> String {
        serde_json::json!({
            "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "a=1&a=2",
            "headers": { "content-type": "application/json", "mcp-method": "ping" },
            "queryStringParameters": { "a": "1,2" },
            "requestContext": {
                "accountId": "123456789012", "apiId": "u", "domainName": "u.lambda-url.eu-west-1.on.aws",
                "domainPrefix": "u", "requestId": "r", "routeKey": "$default", "stage": "$default",
                "time": "23/Nov/2026:01:00:00 +0000", "timeEpoch": 1_795_395_600_000_i64,
                "authorizer": { "iam": { "accessKey": "AKIAEXAMPLE", "accountId": "123456789012",
                    "callerId": "AIDA", "cognitoIdentity": null, "principalOrgId": null,
                    "userArn": "arn:aws:iam::123456789012:user/dev", "userId": "AIDA" } },
                "http": { "method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1",
                    "userAgent": "test" }
            },
            "body": body, "isBase64Encoded": base64
        })
        .to_string()
    }

    #[test]
    fn an_event_becomes_the_request_it_was() {
        let UrlEvent { request, principal } =
            UrlEvent::parse(event("{}", false, "/mcp").as_bytes()).unwrap();
        assert_eq!(request.method(), http::Method::POST);
        assert_eq!(request.uri(), "/mcp?a=1&a=2");
        assert_eq!(request.headers()["mcp-method"], "ping");
        assert_eq!(request.body().as_ref(), b"{}");
        assert_eq!(
            principal.unwrap().as_str(),
            "arn:aws:iam::123456789012:user/dev"
        );
    }

    #[test]
    fn no_client_can_order_work() {
        let order = format!(r#"{{"mcpTask":{{"id":"{}","turn":1}}}}"#, "a".repeat(32));
        assert!(matches!(Event::parse(order.as_bytes()), Ok(Event::Work(_))));
        let sent = event(&order, false, "/mcp");
        assert!(matches!(Event::parse(sent.as_bytes()), Ok(Event::Url(_))));
        let mut both: serde_json::Value = serde_json::from_str(&sent).unwrap();
        both["mcpTask"] = serde_json::json!({ "id": "a".repeat(32), "turn": 1 });
        assert!(matches!(
            Event::parse(both.to_string().as_bytes()),
            Ok(Event::Url(_))
        ));
    }

    #[test]
    fn a_binary_body_arrives_as_base64() {
        let parsed = UrlEvent::parse(event("AP8=", true, "/").as_bytes()).unwrap();
        assert_eq!(parsed.request.body().as_ref(), [0x00, 0xff]);
        assert!(matches!(
            UrlEvent::parse(event("%", true, "/").as_bytes()),
            Err(InvalidEvent::Body(_))
        ));
    }

    #[test]
    fn other_events_are_refused_without_quoting_them() {
        for other in [r#"{"secret":"s3cr3t"}"#, "not json", "[]"] {
            let error = Event::parse(other.as_bytes()).unwrap_err();
            assert_eq!(
                error.to_string(),
                "the event is not a Function URL event of payload format 2.0"
            );
        }
    }
}
