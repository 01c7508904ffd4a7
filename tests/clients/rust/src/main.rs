//! Checks a server with the Rust SDK.
//!
//! Usage: check-rust URL ERA
//!
//! ERA is `auto` (the SDK finds out what the server speaks), a revision with a handshake (2025-…), or a revision without
//! one (2026-07-28).

#![expect(
    deprecated,
    reason = "newer revisions do without sampling, roots and log levels; servers of the older ones have them"
)]

mod checks;
mod user;

use std::process::ExitCode;

use anyhow::{Context, Result};
use rmcp::model::{ClientCapabilities, ClientConfig, Implementation, ProtocolVersion};
use rmcp::service::RunningService;
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::{ClientLifecycleMode, ClientServiceExt, RoleClient};
use serde_json::{Value, json};

use crate::checks::Checks;
use crate::user::{Heard, User};

/// The newest revision, the first without a handshake.
const NEWEST: &str = "2026-07-28";

/// A connected client.
type Client = RunningService<RoleClient, User>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match check().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("  FAILED  connection: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all checks passed.
async fn check() -> Result<bool> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().context("no URL")?;
    let era = arguments.next().context("no ERA")?;
    let expected = if era == "auto" { NEWEST } else { &era };

    let (client, heard) = connect(&url, &era, &json!({})).await?;
    println!("  ok      connects");
    let mut checks = Checks::new(&client, heard, expected == NEWEST);
    checks.server(expected).await;
    checks.exchange().await;
    if expected == NEWEST {
        checks.listening().await;
    }
    let mut passed = checks.passed();
    client.cancel().await?;

    if expected == NEWEST {
        let tasks = json!({ "io.modelcontextprotocol/tasks": {} });
        let (client, heard) = connect(&url, &era, &tasks).await?;
        let mut checks = Checks::new(&client, heard, true);
        checks.tasks().await;
        passed &= checks.passed();
        client.cancel().await?;
    }
    println!("  ok      closes");
    Ok(passed)
}

/// Connects as a client that can be asked everything, and knows these extensions.
async fn connect(url: &str, era: &str, extensions: &Value) -> Result<(Client, Heard)> {
    let capabilities: ClientCapabilities = serde_json::from_value(json!({
        "elicitation": {}, "sampling": {}, "roots": {}, "extensions": extensions,
    }))?;
    let version = |name: &str| serde_json::from_value::<ProtocolVersion>(json!(name));
    let lifecycle = match era {
        "auto" => ClientLifecycleMode::Auto {
            preferred_versions: vec![version(NEWEST)?],
            legacy_version: None,
        },
        NEWEST => ClientLifecycleMode::Discover {
            preferred_versions: vec![version(NEWEST)?],
        },
        _ => ClientLifecycleMode::Initialize,
    };
    let mut config = ClientConfig::new(capabilities, Implementation::new("check-rust", "1.0.0"));
    if lifecycle == ClientLifecycleMode::Initialize {
        config = config.with_protocol_version(version(era)?);
    }
    let (user, heard) = User::new(config);
    let transport = StreamableHttpClientTransport::from_uri(url);
    let client = user.serve_with_lifecycle(transport, lifecycle).await?;
    Ok((client, heard))
}
