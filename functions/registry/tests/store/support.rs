//! A real store over a `DynamoDB` that runs inside the test.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType,
};
use registry::{
    DynamoDbStore, Operation, Page, Refusal, Registration, RegistrationId, RegistrationStore,
    StoredRegistration, WriteError, Written,
};

type Item = HashMap<String, AttributeValue>;

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
            put = put.item(*attribute, AttributeValue::S((*value).to_owned()));
        }
        put.send().await.unwrap();
    }

    /// Every item of the table but the records of changes, as `type/name` with the names of its other attributes, to see
    /// what a write left behind.
    pub(crate) async fn items(&self) -> Vec<String> {
        let mut items: Vec<String> = self
            .scan()
            .await
            .into_iter()
            .filter(|item| item["type"].as_s().unwrap() != "audit")
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

    /// Everything in the table, to see that nothing has changed.
    pub(crate) async fn documents(&self) -> BTreeMap<(String, String), Item> {
        let key = |item: &Item, part: &str| item[part].as_s().unwrap().clone();
        let items = self.scan().await.into_iter();
        items
            .map(|item| ((key(&item, "type"), key(&item, "name")), item))
            .collect()
    }

    async fn scan(&self) -> Vec<Item> {
        let answer = self.client.scan().table_name(TABLE).send().await.unwrap();
        answer.items.unwrap_or_default()
    }
}

pub(crate) fn store(client: &Client, table: &str) -> DynamoDbStore {
    let client = client.clone();
    DynamoDbStore::new(move || client, table.parse().unwrap())
}

/// Makes one change without a precondition.
async fn change(store: &DynamoDbStore, operation: Operation) -> Result<Written, WriteError> {
    let written = store.write(&[operation.into()], None).await?;
    Ok(written.into_iter().next().unwrap())
}

pub(crate) async fn create(
    store: &DynamoDbStore,
    registration: &Registration,
) -> Result<Written, WriteError> {
    change(store, Operation::Create(registration.clone())).await
}

pub(crate) async fn replace(
    store: &DynamoDbStore,
    registration: &Registration,
) -> Result<Written, WriteError> {
    change(store, Operation::Replace(registration.clone())).await
}

pub(crate) async fn delete(
    store: &DynamoDbStore,
    id: &RegistrationId,
) -> Result<Written, WriteError> {
    change(store, Operation::Delete(id.clone())).await
}

/// Why a single change was refused.
pub(crate) fn refusal(result: Result<Written, WriteError>) -> Refusal {
    match result {
        Err(WriteError::Refused(mut refused)) if refused.len() == 1 => refused.remove(0).refusal,
        other => panic!("{other:?}"),
    }
}

pub(crate) const ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:f";

pub(crate) fn tool(name: &str) -> Registration {
    described_tool(name, "A tool")
}

pub(crate) fn described_tool(name: &str, description: &str) -> Registration {
    let json = format!(
        r#"{{"type":"tool","name":"{name}","description":"{description}","lambdaArn":"{ARN}"}}"#
    );
    Registration::parse(json.as_bytes()).unwrap()
}

pub(crate) fn prompt(name: &str) -> Registration {
    let json = format!(r#"{{"type":"prompt","name":"{name}","lambdaArn":"{ARN}"}}"#);
    Registration::parse(json.as_bytes()).unwrap()
}

pub(crate) fn resource(name: &str, locator: &str) -> Registration {
    let json = format!(r#"{{"type":"resource","name":"{name}","lambdaArn":"{ARN}",{locator}}}"#);
    Registration::parse(json.as_bytes()).unwrap()
}

pub(crate) fn id(id: &str) -> RegistrationId {
    id.parse().unwrap()
}

pub(crate) fn names(page: &Page<StoredRegistration>) -> Vec<&str> {
    page.entries
        .iter()
        .map(|entry| entry.registration.name.as_str())
        .collect()
}
