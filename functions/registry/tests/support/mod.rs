//! A real store over a `DynamoDB` that runs inside the test.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use registry::DynamoDbStore;

const TABLE: &str = "registrations";

pub(crate) struct Local {
    pub(crate) client: Client,
    pub(crate) store: DynamoDbStore,
}

impl Local {
    /// An empty table.
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
        let create = client
            .create_table()
            .table_name(TABLE)
            .billing_mode(BillingMode::PayPerRequest);
        [("type", KeyType::Hash), ("name", KeyType::Range)]
            .into_iter()
            .fold(create, |create, (name, kind)| {
                create
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
                    )
            })
            .send()
            .await
            .unwrap();
        Self {
            store: store(&client, TABLE),
            client,
        }
    }

    /// Writes an item as nobody here would.
    pub(crate) async fn put_raw(&self, item: &[(&str, &str)]) {
        let mut put = self.client.put_item().table_name(TABLE);
        for (attribute, value) in item {
            put = put.item(
                *attribute,
                aws_sdk_dynamodb::types::AttributeValue::S((*value).to_owned()),
            );
        }
        put.send().await.unwrap();
    }

    /// Every item of the table as `type/name` with the names of its other attributes, to see what a write left behind.
    pub(crate) async fn items(&self) -> Vec<String> {
        let answer = self.client.scan().table_name(TABLE).send().await.unwrap();
        let mut items: Vec<String> = answer
            .items()
            .iter()
            .map(|item| {
                let key = |part: &str| item[part].as_s().unwrap().clone();
                let mut rest: Vec<&str> = item
                    .keys()
                    .map(String::as_str)
                    .filter(|name| !matches!(*name, "type" | "name"))
                    .collect();
                rest.sort_unstable();
                format!("{}/{}: {}", key("type"), key("name"), rest.join(" "))
            })
            .collect();
        items.sort();
        items
    }
}

pub(crate) fn store(client: &Client, table: &str) -> DynamoDbStore {
    let client = client.clone();
    DynamoDbStore::new(move || client, table.parse().unwrap())
}
