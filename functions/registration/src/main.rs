//! The `registration` Lambda function.

use std::convert::Infallible;
use std::error::Error;
use std::process::ExitCode;

use lambda_http::{Request, service_fn};
use registration::Api;
use registration::health::{Checker, Gateway, LambdaProbe};
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
    let gateway = Gateway {
        region: sdk.region().map(ToString::to_string).unwrap_or_default(),
        role: settings.mcp_role,
        own_role: settings.registration_role,
        tool_prefix: settings.tool_function_prefix,
    };
    let checker = Checker::new(LambdaProbe::new(sdk.clone()), gateway);
    let store = DynamoDbStore::new(
        move || aws::dynamodb_client(&sdk),
        settings.registration_table,
    );
    let store = match settings.change_retention {
        Some(time) => store.keeping_changes_for(time),
        None => store,
    };
    let api = &Api::new(store, checker);
    lambda_http::run(service_fn(async move |request: Request| {
        Ok::<_, Infallible>(api.answer(request).await)
    }))
    .await
}
