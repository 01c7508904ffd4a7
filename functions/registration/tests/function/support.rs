//! The function over a real store, over a `DynamoDB` that runs inside the test.

use std::fmt::Write as _;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType,
};
use lambda_http::{Body, Context, RequestExt, Response};
use registry::DynamoDbStore;
use serde_json::{Value, json};

const TABLE: &str = "registrations";

pub(crate) struct Function {
    client: Client,
    pub(crate) store: DynamoDbStore,
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
        Self {
            store: store(&client, TABLE),
            client,
        }
    }

    /// The same function without its table.
    pub(crate) fn without_table(&self) -> Self {
        Self {
            client: self.client.clone(),
            store: store(&self.client, "elsewhere"),
        }
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

    /// Sends a Function URL's event.
    pub(crate) async fn send(&self, request: Sent<'_>) -> Response<Body> {
        let event = include_str!("../fixtures/function-url-event.json");
        let mut event: Value = serde_json::from_str(event).unwrap();
        let (path, query) = request
            .target
            .split_once('?')
            .unwrap_or((request.target, ""));
        event["rawPath"] = json!(path);
        event["rawQueryString"] = json!(query);
        event["requestContext"]["http"]["path"] = json!(path);
        event["requestContext"]["http"]["method"] = json!(request.method);
        if let Some(content_type) = request.content_type {
            event["headers"]["content-type"] = json!(content_type);
        }
        if let Some(body) = request.body {
            event["body"] = json!(body);
            event["isBase64Encoded"] = json!(request.base64);
        }
        let mut context = Context::default();
        "11111111-1111-4111-8111-111111111111".clone_into(&mut context.request_id);
        let request = lambda_http::request::from_str(&event.to_string())
            .unwrap()
            .with_lambda_context(context);
        registration::answer(&self.store, request).await
    }

    /// Sends one with a JSON body, or none, and shows the whole answer.
    pub(crate) async fn show(&self, method: &str, target: &str, body: Option<&str>) -> String {
        let request = Sent {
            method,
            target,
            body,
            content_type: body.map(|_| "application/json"),
            base64: false,
        };
        shown(&self.send(request).await)
    }
}

pub(crate) struct Sent<'a> {
    pub(crate) method: &'a str,
    pub(crate) target: &'a str,
    pub(crate) body: Option<&'a str>,
    pub(crate) content_type: Option<&'a str>,
    pub(crate) base64: bool,
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
