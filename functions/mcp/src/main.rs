//! The `mcp` Lambda function.

use mcp::{http::Gateway, invoke::LambdaInvoker, lambda, settings::Settings};
use registry::{DynamoDbStore, TableName, aws, logging};
use std::{error::Error, process::ExitCode};
use tracing::Level;

// One request at a time runs in an execution environment: a second thread would only cost start-up time.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mcp cannot go on: {}", logging::chain(&*error));
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error + Send + Sync>> {
    let settings = Settings::from_environment()?;
    // rmcp warns of every error a client is answered with, in the client's own words.
    let targets = [("mcp", settings.log_level), ("rmcp", Level::ERROR)];
    logging::start(settings.log_level, &targets);
    let sdk = aws::sdk_config()?;
    let table: TableName = settings.registration_table.parse()?;
    let for_store = sdk.clone();
    let store = DynamoDbStore::new(move || aws::dynamodb_client(&for_store), table);
    lambda::run(Gateway::new(store, LambdaInvoker::new(sdk), &settings)).await
}
