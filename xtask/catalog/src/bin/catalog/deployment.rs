//! From arguments to the deployment.

use std::env;
use std::path::PathBuf;

use anyhow::Result;
use catalog::http::{HttpRegistry, RegistrationUrl};
use catalog::target::{Target, connect};
use tooling::Usage;

use crate::arguments::DeploymentArgs;

/// Where a local cloud writes its addresses, in the checkout.
const ENDPOINTS: &str = "target/local/endpoints.json";

/// A client of the deployment that the arguments name.
pub(crate) async fn registry(args: &DeploymentArgs) -> Result<HttpRegistry> {
    Ok(connect(&target(args)?).await?)
}

fn target(args: &DeploymentArgs) -> Result<Target> {
    if let Some(text) = &args.url {
        let url = RegistrationUrl::parse(text);
        let url = url.map_err(|error| Usage(format!("--url {text}: the URL {error}")))?;
        return Ok(Target::Url(url));
    }
    if let Some(name) = &args.stack {
        return Ok(Target::Stack(name.clone()));
    }
    let endpoints = args.endpoints.clone().unwrap_or_else(default_endpoints);
    Ok(Target::Local(endpoints))
}

/// The local cloud's of the checkout that the current folder is in.
fn default_endpoints() -> PathBuf {
    let current = env::current_dir().unwrap_or_default();
    let checkout = current
        .ancestors()
        .find(|folder| folder.join("sar/template.yaml").is_file());
    checkout.unwrap_or(&current).join(ENDPOINTS)
}
