//! The `mcp` Lambda function.

use mcp::{http::Gateway, invoke::LambdaInvoker, lambda, logging, settings::Settings};
use registry::{DynamoDbStore, TableName, aws};
use std::error::Error;

// One request at a time runs in an execution environment: a second thread would only cost start-up time.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let settings = Settings::from_environment()?;
    logging::start(settings.log_level);
    let sdk = aws::sdk_config()?;
    let table: TableName = settings.registration_table.parse()?;
    let store = DynamoDbStore::new(aws::dynamodb_client(&sdk), table);
    lambda::run(Gateway::new(store, LambdaInvoker::new(sdk), &settings)).await
}
