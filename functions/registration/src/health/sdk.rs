//! [`FunctionProbe`] by the AWS SDK.

use std::sync::OnceLock;
use std::time::Duration;

use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_lambda::operation::invoke::InvokeError;
use aws_sdk_lambda::types::InvocationType;
use aws_sdk_lambda::{Client, Config};
use registry::LambdaArn;
use registry::aws::{self, SdkConfig};

use super::{FunctionProbe, Probed};

/// Time in which a connection to Lambda has to stand.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Time in which a dry run has to be answered, with all its attempts. A write waits for it.
const PROBE_TIMEOUT: Duration = Duration::from_secs(3);
/// How often it is asked: twice, so that a connection which broke while this environment was frozen does not matter.
const ATTEMPTS: u32 = 2;

/// Asks the Lambda API.
#[derive(Debug)]
pub struct LambdaProbe {
    sdk: SdkConfig,
    client: OnceLock<Client>,
}

impl LambdaProbe {
    /// A probe that makes its client for the first question: that takes a noticeable part of the time to a first answer,
    /// and most requests ask nothing.
    pub fn new(sdk: SdkConfig) -> Self {
        Self {
            sdk,
            client: OnceLock::new(),
        }
    }

    fn client(&self) -> &Client {
        self.client.get_or_init(|| {
            let mut config = Config::from(&self.sdk)
                .to_builder()
                .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
                .timeout_config(
                    TimeoutConfig::builder()
                        .connect_timeout(CONNECT_TIMEOUT)
                        .operation_timeout(PROBE_TIMEOUT)
                        .build(),
                );
            if let Some(url) = aws::endpoint_url("lambda") {
                config = config.endpoint_url(url);
            }
            Client::from_conf(config.build())
        })
    }
}

impl FunctionProbe for LambdaProbe {
    async fn probe(&self, function: &LambdaArn) -> Probed {
        let sent = self
            .client()
            .invoke()
            .function_name(function.as_str())
            .invocation_type(InvocationType::DryRun)
            .send();
        match sent.await {
            Ok(_) => Probed::Allowed,
            Err(error) => understood(function, &error),
        }
    }
}

fn understood(function: &LambdaArn, error: &SdkError<InvokeError>) -> Probed {
    let code = error.as_service_error().and_then(InvokeError::code);
    match code {
        Some("ResourceNotFoundException") => Probed::Missing,
        Some("AccessDeniedException") => Probed::Denied,
        code => {
            tracing::warn!(%function, code, "a dry run says nothing");
            Probed::Unclear
        }
    }
}
