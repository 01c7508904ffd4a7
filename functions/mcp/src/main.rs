//! The `mcp` Lambda function.

use mcp::{
    http::Gateway,
    invoke::LambdaInvoker,
    lambda,
    seal::{DynamoDbSealStore, Seals},
    session_table::SessionTable,
    sessions::{DynamoDbSessionStore, Sessions},
    settings::Settings,
    tasks::{DynamoDbTaskStore, Tasks},
};
use registry::{
    DynamoDbStore, TableName,
    aws::{self, LazyDynamoDb},
    logging,
};
use std::{error::Error, process::ExitCode, sync::Arc, time::Duration};
use tracing::Level;

/// How long a client may take to come back with what it was asked: a person may have to be found first.
const REQUEST_STATE_LIFETIME: Duration = Duration::from_hours(1);

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
    let dynamodb = LazyDynamoDb::new(sdk.clone());
    let for_store = dynamodb.clone();
    let store = DynamoDbStore::new(move || for_store.get().clone(), table);
    let session_table = SessionTable::new(dynamodb, settings.session_table.parse()?);
    let seal_store = DynamoDbSealStore::new(session_table.clone());
    let seals = Seals::new(Arc::new(seal_store), REQUEST_STATE_LIFETIME);
    let task_store = DynamoDbTaskStore::new(session_table.clone());
    let tasks = Tasks::new(Arc::new(task_store), settings.task_lifetime);
    let sessions = Sessions::new(Arc::new(DynamoDbSessionStore::new(session_table)));
    let invoker = LambdaInvoker::new(sdk, settings.function_name.clone());
    lambda::run(Gateway::new(
        store, invoker, seals, tasks, sessions, &settings,
    ))
    .await
}
