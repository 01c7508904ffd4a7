//! Sends the registration API what nobody thought of: requests that schemathesis makes of the API's own description.

use std::process::Command;

use anyhow::{Context, Result};
use fs_err as fs;

use crate::cloud::RunningCloud;
use crate::tools::PythonEnvironment;
use crate::{paths, process};

const REQUIREMENT: &str = "schemathesis==4.32.5\n";
/// How long requests are sent.
const SECONDS: &str = "60";
/// Not `negative_data_rejection`: the API takes `null` and the empty text for a field that is left out, and parameters
/// it does not know. Not `positive_data_acceptance`: what a description can't say is refused as well, a URI that is taken
/// or a schema that is none. Not those about authentication, which is Lambda's and which a local server leaves out.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance,unsupported_method,\
                      allow_header_conformance,use_after_free,ensure_resource_availability,refusals_write_nothing";

/// Starts a local cloud and sends requests to it for a minute.
pub(super) fn run() -> Result<()> {
    let target = paths::target_dir()?;
    let environment = PythonEnvironment::prepare(target.join("tools/api"), REQUIREMENT)?;
    let folder = target.join("api");
    fs::create_dir_all(&folder)?;
    let cloud = RunningCloud::start(&folder, |_| {})?;
    let origin = cloud
        .mcp_url
        .strip_suffix("/mcp")
        .context("the local cloud's MCP URL is not its origin's /mcp")?;
    let sent = process::run(
        Command::new(environment.program("schemathesis"))
            .arg("run")
            .arg(format!("{origin}/openapi.json"))
            .args(["--url", origin])
            .args(["--checks", CHECKS])
            .args(["--max-time", SECONDS])
            // One request at a time, so that a check can tell what a request has written.
            .args(["--workers", "1"])
            .args(["--no-shrink", "--suppress-health-check", "all"])
            .args(["--warnings", "off", "--no-color"])
            .current_dir(&folder)
            .env(
                "SCHEMATHESIS_HOOKS",
                paths::workspace_root().join("tests/api/hooks.py"),
            )
            .env("NO_PROXY", "127.0.0.1")
            .env("no_proxy", "127.0.0.1"),
    );
    cloud.stop()?;
    sent
}
