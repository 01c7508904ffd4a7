//! The session table, as a test can look into it and change what only time would.

use anyhow::{Context, Result, ensure};
use http::Method;
use serde_json::{Value, json};

use crate::cloud::TestCloud;
use crate::http::json_request;

/// Sends one request to the local `DynamoDB`.
pub async fn dynamodb(cloud: &TestCloud, operation: &str, body: &Value) -> Result<Value> {
    let url = &cloud.cloud().endpoints().dynamodb_endpoint;
    let mut request = json_request(Method::POST, url, body)?;
    let headers = request.headers_mut();
    headers.insert("content-type", "application/x-amz-json-1.0".parse()?);
    headers.insert(
        "x-amz-target",
        format!("DynamoDB_20120810.{operation}").parse()?,
    );
    // Any signature will do.
    headers.insert("x-amz-date", "20260101T000000Z".parse()?);
    let authorization = "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, \
                         SignedHeaders=host, Signature=a";
    headers.insert("authorization", authorization.parse()?);
    let reply = cloud.http().send(request).await?;
    ensure!(reply.status == 200, "{operation}: {}", reply.text()?);
    reply.json()
}

/// Sets a number of a task: the time of its end, or of its worker's lease.
pub async fn set_in_task(cloud: &TestCloud, id: &str, attribute: &str, number: u64) -> Result<()> {
    set(cloud, &format!("$task#{id}"), "head", attribute, number).await
}

/// Sets a number of a session: the time of its end.
pub async fn set_in_session(
    cloud: &TestCloud,
    id: &str,
    attribute: &str,
    number: u64,
) -> Result<()> {
    set(cloud, id, "head", attribute, number).await
}

/// A number of a session.
pub async fn get_in_session(cloud: &TestCloud, id: &str, attribute: &str) -> Result<u64> {
    let get = json!({
        "TableName": session_table(cloud).await?,
        "Key": { "sessionId": { "S": id }, "item": { "S": "head" } },
    });
    let item = dynamodb(cloud, "GetItem", &get).await?;
    let number = item["Item"][attribute]["N"].as_str();
    Ok(number.context("no such number")?.parse()?)
}

async fn session_table(cloud: &TestCloud) -> Result<String> {
    let tables = dynamodb(cloud, "ListTables", &json!({})).await?;
    let names = tables["TableNames"].as_array().into_iter().flatten();
    let table = names
        .filter_map(Value::as_str)
        .find(|name| name.contains("SessionTable"));
    Ok(table
        .with_context(|| format!("no session table: {tables}"))?
        .to_owned())
}

/// Sets a number of an item.
pub async fn set(
    cloud: &TestCloud,
    partition: &str,
    item: &str,
    attribute: &str,
    number: u64,
) -> Result<()> {
    let update = json!({
        "TableName": session_table(cloud).await?,
        "Key": { "sessionId": { "S": partition }, "item": { "S": item } },
        "UpdateExpression": "SET #attribute = :number",
        "ConditionExpression": "attribute_exists(#attribute)",
        "ExpressionAttributeNames": { "#attribute": attribute },
        "ExpressionAttributeValues": { ":number": { "N": number.to_string() } },
    });
    dynamodb(cloud, "UpdateItem", &update).await?;
    Ok(())
}
