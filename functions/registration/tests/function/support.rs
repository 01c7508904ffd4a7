//! The function over a real store, over a `DynamoDB` that runs inside the test.

use std::fmt::Write as _;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType,
};
use lambda_http::{Body, Context, RequestExt, Response};
use registration::Api;
use registration::health::{Checker, FunctionProbe, Gateway, Probed};
use registry::{DynamoDbStore, LambdaArn};
use serde_json::{Value, json};

use crate::description;

const TABLE: &str = "registrations";

pub(crate) struct Function {
    client: Client,
    pub(crate) store: DynamoDbStore,
    api: Api<DynamoDbStore, Lambda>,
}

/// Lambda, as far as dry runs go: functions are as they are called.
pub(crate) struct Lambda;

impl FunctionProbe for Lambda {
    async fn probe(&self, function: &LambdaArn) -> Probed {
        match function.function_name() {
            "missing" => Probed::Missing,
            "denied" => Probed::Denied,
            "unclear" => Probed::Unclear,
            _ => Probed::Allowed,
        }
    }
}

/// What asks that Lambda.
pub(crate) fn checker() -> Checker<Lambda> {
    let role = |name| {
        format!("arn:aws:iam::123456789012:role/{name}")
            .parse()
            .ok()
    };
    let gateway = Gateway {
        region: "eu-west-1".to_owned(),
        role: role("McpFunctionRole"),
        own_role: role("RegistrationFunctionRole"),
        tool_prefix: Some("mcp-tool-".to_owned()),
    };
    Checker::new(Lambda, gateway)
}

impl Function {
    /// With an empty table.
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let database = dynoxide::Database::memory().unwrap();
        tokio::spawn(dynoxide::server::serve_on(listener, database));
        let client = Client::from_conf(
            aws_sdk_dynamodb::Config::builder()
                .behavior_version(BehaviorVersion::v2026_01_12())
                .region(Region::new("us-east-1"))
                .credentials_provider(Credentials::new("local", "local", None, None, "test"))
                .endpoint_url(endpoint)
                .http_client(aws_smithy_http_client::Builder::new().build_http())
                .build(),
        );
        let mut create = client
            .create_table()
            .table_name(TABLE)
            .billing_mode(BillingMode::PayPerRequest);
        for (name, kind) in [("type", KeyType::Hash), ("name", KeyType::Range)] {
            create = create
                .attribute_definitions(
                    AttributeDefinition::builder()
                        .attribute_name(name)
                        .attribute_type(ScalarAttributeType::S)
                        .build()
                        .unwrap(),
                )
                .key_schema(
                    KeySchemaElement::builder()
                        .attribute_name(name)
                        .key_type(kind)
                        .build()
                        .unwrap(),
                );
        }
        create.send().await.unwrap();
        Self::over(client, TABLE)
    }

    fn over(client: Client, table: &str) -> Self {
        let store = store(&client, table);
        Self {
            api: Api::new(store.clone(), checker()),
            store,
            client,
        }
    }

    /// The same function without its table.
    pub(crate) fn without_table(&self) -> Self {
        Self::over(self.client.clone(), "elsewhere")
    }

    /// Writes an item that no program of this project would.
    pub(crate) async fn put_raw(&self, kind: &str, name: &str) {
        self.client
            .put_item()
            .table_name(TABLE)
            .item("type", AttributeValue::S(kind.to_owned()))
            .item("name", AttributeValue::S(name.to_owned()))
            .send()
            .await
            .unwrap();
    }

    /// Sends a Function URL's event. Whatever is answered has to be in the API's description.
    pub(crate) async fn send(&self, request: Sent<'_>) -> Response<Body> {
        let response = self.api.answer(request.event()).await;
        description::check(request.method, request.target, &response);
        response
    }

    /// Sends one with a JSON body, or none, and shows the whole answer.
    pub(crate) async fn show(&self, method: &str, target: &str, body: Option<&str>) -> String {
        self.show_with(method, target, &[], body).await
    }

    /// The same, with headers.
    pub(crate) async fn show_with(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> String {
        let request = Sent {
            method,
            target,
            headers,
            body,
            content_type: body.map(|_| "application/json"),
            base64: false,
        };
        shown(&self.send(request).await)
    }

    /// Everything that is registered, with entity tags: what a refused request must not change.
    pub(crate) async fn everything(&self) -> String {
        self.show("GET", "/register?include=etag", None).await
    }
}

#[derive(Default)]
pub(crate) struct Sent<'a> {
    pub(crate) method: &'a str,
    pub(crate) target: &'a str,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: Option<&'a str>,
    pub(crate) content_type: Option<&'a str>,
    pub(crate) base64: bool,
}

impl Sent<'_> {
    /// The event that a Function URL makes of it.
    pub(crate) fn event(&self) -> lambda_http::Request {
        let event = include_str!("../fixtures/function-url-event.json");
        let mut event: Value = serde_json::from_str(event).unwrap();
        let (path, query) = self.target.split_once('?').unwrap_or((self.target, ""));
        event["rawPath"] = json!(path);
        event["rawQueryString"] = json!(query);
        event["requestContext"]["http"]["path"] = json!(path);
        event["requestContext"]["http"]["method"] = json!(self.method);
        if let Some(content_type) = self.content_type {
            event["headers"]["content-type"] = json!(content_type);
        }
        for (name, value) in self.headers {
            event["headers"][name] = json!(value);
        }
        if let Some(body) = self.body {
            event["body"] = json!(body);
            event["isBase64Encoded"] = json!(self.base64);
        }
        let mut context = Context::default();
        "11111111-1111-4111-8111-111111111111".clone_into(&mut context.request_id);
        lambda_http::request::from_str(&event.to_string())
            .unwrap()
            .with_lambda_context(context)
    }
}

/// Status, headers and body, with JSON spread out to be read.
pub(crate) fn shown(response: &Response<Body>) -> String {
    let mut text = format!("{}\n", response.status());
    for (name, value) in response.headers() {
        writeln!(text, "{name}: {}", value.to_str().unwrap()).unwrap();
    }
    if let Body::Text(body) = response.body() {
        let json: Value = serde_json::from_str(body).unwrap();
        write!(text, "\n{json:#}").unwrap();
    }
    text.trim_end().to_owned()
}

/// An answer's body as JSON.
pub(crate) fn body(response: &Response<Body>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

fn store(client: &Client, table: &str) -> DynamoDbStore {
    let client = client.clone();
    DynamoDbStore::new(move || client, table.parse().unwrap())
}

pub(crate) const ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:f:live";

/// A tool with the function of this name.
pub(crate) fn tool_of(name: &str, function: &str) -> String {
    format!(
        r#"{{"type":"tool","name":"{name}","lambdaArn":"arn:aws:lambda:eu-west-1:123456789012:function:{function}"}}"#
    )
}

pub(crate) fn tool(name: &str) -> String {
    tool_of(name, "f:live")
}

pub(crate) fn resource(name: &str, uri: &str) -> String {
    format!(r#"{{"type":"resource","name":"{name}","lambdaArn":"{ARN}","uri":"{uri}"}}"#)
}
