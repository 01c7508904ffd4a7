//! Which deployment, and as whom.

use std::path::{Path, PathBuf};

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_cloudformation::types::Stack;
use fs_err as fs;
use serde::Deserialize;
use thiserror::Error;
use tooling::aws::RemoteError;
use tooling::aws::config::loader;
use tooling::aws::error::{code, remote};

use crate::http::{HttpRegistry, InvalidUrl, RegistrationUrl, Signer};

/// What the Serverless Application Repository puts before a stack's name.
const SAR_PREFIX: &str = "serverlessrepo-";
/// The stack's output with the registration function's URL.
const OUTPUT: &str = "RegistrationFunctionUrl";
/// The region of a local cloud.
const LOCAL_REGION: &str = "us-east-1";

/// Which deployment to talk to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The one at this address.
    Url(RegistrationUrl),
    /// The one that this stack is; also found by the name that it was given to the Serverless Application Repository.
    Stack(String),
    /// The local cloud that wrote this `endpoints.json`.
    Local(PathBuf),
}

/// There is nothing to talk to.
#[derive(Debug, Error)]
pub enum TargetError {
    /// No region is configured.
    #[error("no AWS region is configured: set AWS_REGION or a profile")]
    NoRegion,
    /// No local cloud has written its addresses.
    #[error("no local cloud is known from {}: start one with `cargo xtask local`, or name a deployment with --url or --stack", .0.display())]
    NoLocalCloud(PathBuf),
    /// There is no such stack.
    #[error("there is no stack {0}, and no {SAR_PREFIX}{0}, in region {1}")]
    NoStack(String, String),
    /// The stack is another application's.
    #[error("stack {0} has no output {OUTPUT}: is it an mcp-lambda-sam?")]
    NoOutput(String),
    /// What is named as the address is none.
    #[error("{0} is no registration URL: it {1}")]
    Url(String, InvalidUrl),
    /// The stack can't be read.
    #[error(transparent)]
    Remote(#[from] RemoteError),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Endpoints {
    registration_url: String,
}

/// Makes a client of the deployment. Requests to AWS are signed with what AWS's SDKs find as the caller's credentials;
/// requests to this machine with the keys in `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, if they are set.
pub async fn connect(target: &Target) -> Result<HttpRegistry, TargetError> {
    match target {
        Target::Url(url) if url.is_local() => Ok(local(url.clone())),
        Target::Url(url) => signed(url.clone(), &loader().load().await),
        Target::Stack(name) => {
            let config = loader().load().await;
            let url = stack_url(name, &config).await?;
            if url.is_local() {
                return Ok(local(url));
            }
            signed(url, &config)
        }
        Target::Local(endpoints) => Ok(local(local_url(endpoints)?)),
    }
}

fn signed(url: RegistrationUrl, config: &SdkConfig) -> Result<HttpRegistry, TargetError> {
    let region = url.region().map(str::to_owned);
    let region = region
        .or_else(|| config.region().map(ToString::to_string))
        .ok_or(TargetError::NoRegion)?;
    let signer = config
        .credentials_provider()
        .map(|provider| Signer::new(provider, region));
    Ok(HttpRegistry::new(url, signer))
}

fn local(url: RegistrationUrl) -> HttpRegistry {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let keys = (
        variable("AWS_ACCESS_KEY_ID"),
        variable("AWS_SECRET_ACCESS_KEY"),
    );
    let signer = match keys {
        (Some(id), Some(secret)) => {
            let token = variable("AWS_SESSION_TOKEN");
            let credentials = Credentials::new(id, secret, token, None, "environment");
            Some(Signer::new(
                SharedCredentialsProvider::new(credentials),
                LOCAL_REGION,
            ))
        }
        _ => None,
    };
    HttpRegistry::new(url, signer)
}

fn local_url(file: &Path) -> Result<RegistrationUrl, TargetError> {
    let endpoints: Option<Endpoints> = fs::read(file)
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok());
    let endpoints = endpoints.ok_or_else(|| TargetError::NoLocalCloud(file.to_owned()))?;
    url(&endpoints.registration_url)
}

fn url(text: &str) -> Result<RegistrationUrl, TargetError> {
    RegistrationUrl::parse(text).map_err(|error| TargetError::Url(text.to_owned(), error))
}

async fn stack_url(name: &str, config: &SdkConfig) -> Result<RegistrationUrl, TargetError> {
    let region = config.region().map(Region::to_string);
    let region = region.ok_or(TargetError::NoRegion)?;
    let client = aws_sdk_cloudformation::Client::new(config);
    for name in [name.to_owned(), format!("{SAR_PREFIX}{name}")] {
        let answer = client.describe_stacks().stack_name(&name).send().await;
        let output = match answer {
            Ok(output) => output,
            // There is no code of its own for a stack that does not exist.
            Err(error)
                if code(&error) == Some("ValidationError")
                    && remote("DescribeStacks", &error)
                        .message
                        .contains("does not exist") =>
            {
                continue;
            }
            Err(error) => return Err(remote("DescribeStacks", &error).into()),
        };
        let outputs = output.stacks().iter().flat_map(Stack::outputs);
        let mut values = outputs.filter(|it| it.output_key() == Some(OUTPUT));
        let value = values.find_map(|it| it.output_value());
        return url(value.ok_or(TargetError::NoOutput(name))?);
    }
    Err(TargetError::NoStack(name.to_owned(), region))
}
