//! Making the clients: for AWS with the caller's own configuration, or for a local cloud.

use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use fs_err as fs;
use serde::Deserialize;
use thiserror::Error;
use tooling::aws::config::{is_loopback, is_private, loader, retries};
use tooling::aws::error::remote;

use super::{CloudFormation, S3Store, ServerlessRepository};
use crate::application::{IdentifierError, Publisher};
use crate::ports::RemoteError;

/// The account and region of a local cloud.
const LOCAL_CALLER: (&str, &str) = ("arn:aws:iam::000000000000:user/local", "us-east-1");

/// Which SAR and S3 to talk to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// AWS, with the configuration and credentials that its SDKs find (environment, profiles, SSO, OIDC).
    Aws {
        /// The region; `None` is the configured one.
        region: Option<String>,
        /// Another address for every service.
        endpoint_url: Option<String>,
    },
    /// The local cloud that wrote this `endpoints.json`, without any credentials of the caller's.
    Local {
        /// The file.
        endpoints: PathBuf,
    },
}

impl Target {
    /// Whether what is published there can reach other people.
    pub fn is_aws(&self) -> bool {
        match self {
            Self::Local { .. } => false,
            // What stands behind an address elsewhere may well be AWS.
            Self::Aws { endpoint_url, .. } => !endpoint_url.as_deref().is_some_and(is_loopback),
        }
    }
}

/// Clients, and as whom they act.
#[derive(Debug, Clone)]
pub struct Aws {
    /// Who publishes, and where.
    pub publisher: Publisher,
    /// SAR.
    pub repository: ServerlessRepository,
    /// S3.
    pub store: S3Store,
    /// `CloudFormation`; a local cloud has none of its own, but can be told of one.
    pub stacks: Option<CloudFormation>,
}

/// There is nothing to talk to.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// No region is configured.
    #[error("no AWS region is configured: use --region, AWS_REGION or a profile")]
    NoRegion,
    /// Requests carry session tokens, and everybody on the way could read them.
    #[error("{0} is not encrypted: use https, or an address of this machine")]
    NotEncrypted(String),
    /// No local cloud has written its addresses.
    #[error(
        "no local cloud with SAR and S3 is known from {file}: start one with `cargo xtask local`"
    )]
    NoLocalCloud {
        /// Where they would be.
        file: PathBuf,
    },
    /// Who the caller is could not be asked.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// STS answered an ARN that is none.
    #[error(transparent)]
    Caller(#[from] IdentifierError),
}

/// The part of a local cloud's `endpoints.json` that is needed here.
#[derive(Debug, Deserialize)]
struct Endpoints {
    #[serde(rename = "serverlessrepoEndpoint")]
    serverlessrepo: String,
    #[serde(rename = "s3Endpoint")]
    s3: String,
    #[serde(rename = "cloudformationEndpoint")]
    cloudformation: Option<String>,
}

/// Makes the clients and finds out who the caller is.
pub async fn connect(target: &Target) -> Result<Aws, ConnectError> {
    match target {
        Target::Aws {
            region,
            endpoint_url,
        } => connect_aws(region.clone(), endpoint_url.as_deref()).await,
        Target::Local { endpoints } => connect_local(endpoints).await,
    }
}

async fn connect_aws(
    region: Option<String>,
    endpoint_url: Option<&str>,
) -> Result<Aws, ConnectError> {
    let mut loader = loader();
    if let Some(region) = region {
        loader = loader.region(Region::new(region));
    }
    if let Some(url) = endpoint_url {
        loader = loader.endpoint_url(url);
    }
    let config = loader.load().await;
    let region = config.region().ok_or(ConnectError::NoRegion)?.to_string();
    if let Some(url) = config.endpoint_url().filter(|url| !is_private(url)) {
        return Err(ConnectError::NotEncrypted(url.to_owned()));
    }
    let identity = aws_sdk_sts::Client::new(&config)
        .get_caller_identity()
        .send()
        .await
        .map_err(|error| remote("GetCallerIdentity", &error))?;
    let caller = identity.arn().unwrap_or_default();
    let publisher = Publisher::from_caller_arn(caller, &region)?;
    // Addresses that are not AWS's own have no names of the form bucket.host.
    let s3 = aws_sdk_s3::config::Builder::from(&config)
        .force_path_style(
            config.endpoint_url().is_some() || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some(),
        )
        .build();
    Ok(Aws {
        repository: ServerlessRepository::new(
            aws_sdk_serverlessapplicationrepository::Client::new(&config),
        ),
        store: S3Store::new(aws_sdk_s3::Client::from_conf(s3), publisher.clone()),
        stacks: Some(CloudFormation::new(
            aws_sdk_cloudformation::Client::new(&config),
            config.endpoint_url().is_some_and(is_loopback),
        )),
        publisher,
    })
}

async fn connect_local(file: &Path) -> Result<Aws, ConnectError> {
    let endpoints: Endpoints = fs::read(file)
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok())
        .ok_or_else(|| ConnectError::NoLocalCloud {
            file: file.to_owned(),
        })?;
    let (caller, region) = LOCAL_CALLER;
    let publisher = Publisher::from_caller_arn(caller, region)?;
    let config: SdkConfig = loader()
        // Nobody else keeps a local cloud busy: waiting as long as for AWS helps nobody.
        .retry_config(retries().with_initial_backoff(Duration::from_millis(20)))
        .region(Region::new(region))
        .credentials_provider(local_credentials())
        .load()
        .await;
    let repository = aws_sdk_serverlessapplicationrepository::config::Builder::from(&config)
        .endpoint_url(endpoints.serverlessrepo)
        .build();
    let s3 = aws_sdk_s3::config::Builder::from(&config)
        .endpoint_url(endpoints.s3)
        .force_path_style(true)
        .build();
    Ok(Aws {
        repository: ServerlessRepository::new(
            aws_sdk_serverlessapplicationrepository::Client::from_conf(repository),
        ),
        store: S3Store::new(aws_sdk_s3::Client::from_conf(s3), publisher.clone()),
        stacks: match endpoints.cloudformation {
            Some(endpoint) => {
                let stacks = aws_sdk_cloudformation::config::Builder::from(&config)
                    .endpoint_url(endpoint)
                    .build();
                let client = aws_sdk_cloudformation::Client::from_conf(stacks);
                Some(CloudFormation::new(client, true))
            }
            None => None,
        },
        publisher,
    })
}

/// The keys of the local cloud, or of the emulator that makes its stacks, if the caller was given some and has set them;
/// the local cloud asks for them with `--auth iam` alone.
fn local_credentials() -> Credentials {
    let variable = |name| std::env::var(name).unwrap_or_else(|_| "local".to_owned());
    let (id, secret) = (
        variable("AWS_ACCESS_KEY_ID"),
        variable("AWS_SECRET_ACCESS_KEY"),
    );
    Credentials::new(id, secret, None, None, "local")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_elsewhere_counts_as_aws() {
        let is_aws = |url: Option<&str>| {
            let endpoint_url = url.map(str::to_owned);
            let region = None;
            Target::Aws {
                region,
                endpoint_url,
            }
            .is_aws()
        };
        assert!(is_aws(None));
        assert!(is_aws(Some(
            "https://serverlessrepo.eu-west-1.amazonaws.com"
        )));
        assert!(!is_aws(Some("http://127.0.0.1:4566")));
    }
}
