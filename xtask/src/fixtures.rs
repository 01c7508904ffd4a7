//! The functions and registrations that the conformance suite asks for, which real clients are checked with too.

use std::path::Path;
use std::process::Command;

use crate::paths;

/// The functions, and the modules of `tests/conformance` that they run.
const FUNCTIONS: [(&str, &str); 3] = [
    ("mcp-tool-conformance", "answers.mjs"),
    ("mcp-tool-conformance-streams", "streams.mjs"),
    // What takes long keeps nobody waiting who asks for an answer.
    ("mcp-tool-conformance-jobs", "answers.mjs"),
];

/// As many environments of the MCP function as all who check it leave busy: what a client gave up, or no longer listens to,
/// occupies one for a while.
const MAX_CONCURRENCY: &str = "100";

/// Has a local cloud serve them, run by `node`.
pub(crate) fn add_to(local_cloud: &mut Command, node: &Path) {
    let root = paths::workspace_root();
    let sources = root.join("tests/conformance");
    let bootstrap = root.join("docs/examples/bootstrap.mjs");
    local_cloud
        .args(["--max-concurrency", MAX_CONCURRENCY])
        .arg("--register")
        .arg(sources.join("registrations.json"));
    for (name, module) in FUNCTIONS {
        let module = sources.join(module);
        let words = [node, bootstrap.as_path(), module.as_path()].map(quoted);
        local_cloud.arg(format!("--tool={name}={}", words.join(" ")));
    }
}

/// A path as one word of a shell's command line.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}
