//! DynamoDB, its tables and what survives a restart.

#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod support;

use bytes::Bytes;
use http::Request;
use http_body_util::BodyExt;
use local_cloud::{CloudError, Config, Data, LocalCloud};
use serde_json::{Value, json};
use support::*;

async fn dynamodb(cloud: &LocalCloud, operation: &str, body: &Value) -> Value {
    let (_, port) = cloud
        .endpoints()
        .dynamodb_endpoint
        .rsplit_once(':')
        .unwrap();
    let request = Request::post("/")
        .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
        .header("content-type", "application/x-amz-json-1.0")
        .header("authorization", "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0")
        .header("x-amz-date", "20260101T000000Z")
        .body(Bytes::from(body.to_string()))
        .unwrap();
    let response = send(port.parse().unwrap(), request).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&body).unwrap()
}

#[tokio::test]
async fn the_templates_tables_exist() {
    let (cloud, _folder, _) = cloud_with(|config| config.count_dynamodb_requests = true).await;
    assert_eq!(cloud.dynamodb_requests(), 0);
    let tables = dynamodb(&cloud, "ListTables", &json!({})).await;
    assert_eq!(
        tables,
        json!({"TableNames": ["RegistrationTable", "SessionTable"]})
    );
    let ttl = dynamodb(
        &cloud,
        "DescribeTimeToLive",
        &json!({"TableName": "SessionTable"}),
    )
    .await;
    assert_eq!(ttl["TimeToLiveDescription"]["AttributeName"], "expiresAt");
    assert_eq!(cloud.dynamodb_requests(), 2);
    cloud.shutdown().await;
}

#[tokio::test]
async fn data_and_keys_survive_a_restart_and_belong_to_one_at_a_time() {
    let programs = programs();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("new/data");
    let lines = Lines::default();
    let config = || Config {
        data: Data::Dir(data.clone()),
        sample: false,
        logs: lines.sink(),
        ..Config::new(programs.path())
    };
    let key = json!({"type": {"S": "tool"}, "name": {"S": "a"}});
    let first = LocalCloud::start(config()).await.unwrap();
    let keys = first.credentials().clone();
    dynamodb(
        &first,
        "PutItem",
        &json!({"TableName": "RegistrationTable", "Item": key}),
    )
    .await;

    let error = LocalCloud::start(config()).await.unwrap_err().to_string();
    assert_eq!(
        error,
        format!(
            "another local cloud is using {}; choose another folder with --data",
            data.display()
        )
    );
    first.shutdown().await;

    let second = LocalCloud::start(config()).await.unwrap();
    assert_eq!(second.credentials(), &keys);
    let item = dynamodb(
        &second,
        "GetItem",
        &json!({"TableName": "RegistrationTable", "Key": key}),
    )
    .await;
    assert_eq!(item["Item"], key);
    second.shutdown().await;
}

#[tokio::test]
async fn a_start_that_fails_leaves_nothing_behind() {
    let (cloud, programs, lines) = cloud_with(|_| {}).await;
    let port = port(&cloud);
    let config = || Config {
        sample: false,
        logs: lines.sink(),
        ..Config::new(programs.path())
    };
    let error = LocalCloud::start(Config { port, ..config() })
        .await
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        format!("port {port} is already in use; choose another with --port")
    );
    cloud.shutdown().await;
    // The port is free again. A process that another test is just starting may hold a copy of it for a moment.
    let again = async {
        loop {
            match LocalCloud::start(Config { port, ..config() }).await {
                Err(CloudError::PortInUse { .. }) => tokio::task::yield_now().await,
                started => return started.unwrap(),
            }
        }
    };
    tokio::time::timeout(PATIENCE, again)
        .await
        .unwrap()
        .shutdown()
        .await;

    let missing = Config {
        binaries: "nowhere".into(),
        ..config()
    };
    let error = LocalCloud::start(missing).await.unwrap_err().to_string();
    let program =
        std::path::Path::new("nowhere").join(format!("mcp{}", std::env::consts::EXE_SUFFIX));
    assert_eq!(
        error,
        format!(
            "function default-mcp: there is no program {}; build it with `cargo build -p mcp`",
            program.display()
        )
    );
}
