//! A local cloud with the real binaries.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use local_cloud::{Config, LocalCloud, LogSink};
use serde_json::{Value, json};

use crate::http::Http;
use crate::mcp::{LegacyClient, ModernClient};

/// Names a folder of binaries other than the one that cargo built them into.
const BINARIES_VARIABLE: &str = "MCP_LAMBDA_SAM_BINARIES";

/// Set to anything, it has the functions' logs printed, which otherwise go nowhere.
const LOGS_VARIABLE: &str = "MCP_LAMBDA_SAM_LOGS";

/// The folder of the functions' binaries: beside the folder that the running test is in, or where the variable
/// `MCP_LAMBDA_SAM_BINARIES` says. `cargo xtask test` builds them.
pub fn binaries() -> PathBuf {
    if let Some(folder) = env::var_os(BINARIES_VARIABLE) {
        return folder.into();
    }
    let test = env::current_exe().unwrap_or_default();
    // target/debug/deps/test-0123456789abcdef
    test.ancestors()
        .nth(2)
        .map(PathBuf::from)
        .unwrap_or_default()
}

/// A local cloud in memory on a free port, with the sample registered.
#[derive(Debug)]
pub struct TestCloud {
    cloud: LocalCloud,
    http: Http,
}

impl TestCloud {
    /// Starts one as `cargo xtask local --memory --port 0` does.
    pub async fn start() -> Result<Self> {
        Self::start_with(|_| {}).await
    }

    /// Starts one after `change` had its say about the configuration.
    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Result<Self> {
        let mut config = Config::new(binaries());
        if env::var_os(LOGS_VARIABLE).is_none() {
            config.logs = LogSink::Discard;
        }
        change(&mut config);
        let cloud = LocalCloud::start(config)
            .await
            .context("the local cloud did not start; `cargo xtask test` builds what it needs")?;
        Ok(Self {
            cloud,
            http: Http::new(),
        })
    }

    /// The local cloud itself: endpoints, keys, functions, faults.
    pub fn cloud(&self) -> &LocalCloud {
        &self.cloud
    }

    /// An HTTP client that keeps its connections.
    pub fn http(&self) -> &Http {
        &self.http
    }

    /// Calls a tool with `arguments`, in the stateless revision; answers the JSON-RPC response.
    pub async fn call_tool(&self, name: &str, arguments: Value) -> Result<Value> {
        let params = json!({ "name": name, "arguments": arguments });
        self.modern().call("tools/call", params).await
    }

    /// The origin of every URL, such as `http://127.0.0.1:41234`.
    pub fn origin(&self) -> String {
        self.cloud.endpoints().lambda_endpoint.clone()
    }

    /// The URL of `path`, which begins with `/`.
    pub fn url(&self, path: &str) -> String {
        self.origin() + path
    }

    /// A client of the stateless revision.
    pub fn modern(&self) -> ModernClient {
        ModernClient::new(self.http.clone(), &self.cloud.endpoints().mcp_url)
    }

    /// A client that shook hands in `version`, and the result of `initialize`.
    pub async fn legacy(&self, version: &str) -> Result<(LegacyClient, Value)> {
        LegacyClient::connect(self.http.clone(), &self.cloud.endpoints().mcp_url, version).await
    }

    /// Registers `registration`.
    ///
    /// Errors: it was not created; the error has the whole answer.
    pub async fn register(&self, registration: &Value) -> Result<()> {
        self.post_to("", registration).await
    }

    /// Registers `registration`, whether its function is there or not.
    ///
    /// Errors: it was not created; the error has the whole answer.
    pub async fn register_unseen(&self, registration: &Value) -> Result<()> {
        self.post_to("?force=true", registration).await
    }

    async fn post_to(&self, query: &str, registration: &Value) -> Result<()> {
        let url = format!("{}{query}", self.cloud.endpoints().registration_url);
        let reply = self.http.post(&url, registration).await?;
        ensure!(
            reply.status == 201,
            "status {}: {}",
            reply.status,
            reply.text()?
        );
        Ok(())
    }

    /// Ends every process that it started.
    pub async fn shutdown(self) {
        self.cloud.shutdown().await;
    }
}
