//! The `registration` Lambda function.

use std::error::Error;
use std::process::ExitCode;

use lambda_http::{Request, service_fn};
use registration::answer;
use registration::settings::Settings;
use registry::{DynamoDbStore, aws, logging};

// One request at a time runs in an execution environment: a second thread would only cost start-up time.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("registration cannot start: {}", logging::chain(&*error));
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error + Send + Sync>> {
    let settings = Settings::from_environment()?;
    logging::start(settings.log_level, &[("registration", settings.log_level)]);
    let sdk = aws::sdk_config()?;
    let store = DynamoDbStore::new(
        move || aws::dynamodb_client(&sdk),
        settings.registration_table,
    );
    let store = &store;
    lambda_http::run(service_fn(async move |request: Request| {
        Ok::<_, std::convert::Infallible>(answer(store, request).await)
    }))
    .await
}
