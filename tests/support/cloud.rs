//! A local cloud with the real binaries.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result};
use local_cloud::{Config, LocalCloud};

use crate::http::Http;
use crate::mcp::{LegacyClient, ModernClient};

/// Names a folder of binaries other than the one that cargo built them into.
const BINARIES_VARIABLE: &str = "MCP_LAMBDA_SAM_BINARIES";

/// The folder of the functions' binaries: beside the folder that the running test is in, or where the variable
/// `MCP_LAMBDA_SAM_BINARIES` says. `cargo xtask test` builds them.
pub fn binaries() -> PathBuf {
    if let Some(folder) = env::var_os(BINARIES_VARIABLE) {
        return folder.into();
    }
    let test = env::current_exe().unwrap_or_default();
    // target/debug/deps/test-0123456789abcdef
    test.ancestors().nth(2).map(PathBuf::from).unwrap_or_default()
}
