//! What is said when everything runs, and where.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use local_cloud::{Credentials, Endpoints, LocalCloud};

use crate::arguments::{Arguments, AuthArgument};

/// How many registrations are named; the rest is counted.
const MAX_NAMED: usize = 12;
/// The sample tool's registration.
const SAMPLE_TOOL: &str = "tool-hello";

/// The text for people: the addresses, what is registered, a command to try.
pub(crate) fn text(cloud: &LocalCloud, arguments: &Arguments, registered: &[String]) -> String {
    let endpoints = cloud.endpoints();
    let data = if arguments.memory { "in memory".to_owned() } else { arguments.data.display().to_string() };
    let mut text = String::from("The local cloud is running; Ctrl-C ends it.\n\n");
    for (name, value) in [
        ("MCP", endpoints.mcp_url.as_str()),
        ("MCP (SSE)", &endpoints.sse_url),
        ("Registration", &endpoints.registration_url),
        ("Lambda", &endpoints.lambda_endpoint),
        ("DynamoDB", &endpoints.dynamodb_endpoint),
        ("Data", &data),
    ] {
        // Writing to a string can't fail, here and below.
        let _ = writeln!(text, "  {name:<13} {value}");
    }
    let _ = writeln!(text, "\nRegistered: {}", summary(registered));
    let credentials = match arguments.auth {
        AuthArgument::None => None,
        AuthArgument::Iam => Some(cloud.credentials()),
    };
    if let Some(credentials) = credentials {
        text.push_str("\nSign requests (SigV4, service lambda) with:\n");
        let _ = writeln!(text, "  export AWS_REGION=us-east-1");
        let _ = writeln!(text, "  export AWS_ACCESS_KEY_ID={}", credentials.access_key_id);
        let _ = writeln!(text, "  export AWS_SECRET_ACCESS_KEY={}", credentials.secret_access_key);
    }
    let has_sample = registered.iter().any(|id| id == SAMPLE_TOOL);
    let _ = write!(text, "\nTry:\n  {}", command(&endpoints.mcp_url, credentials, has_sample));
    text
}

fn summary(registered: &[String]) -> String {
    match registered {
        [] => "nothing yet".to_owned(),
        few if few.len() <= MAX_NAMED => few.join(", "),
        many => format!("{} and {} more", many[..MAX_NAMED].join(", "), many.len() - MAX_NAMED),
    }
}

/// A command that shows an answer when it is pasted into a shell.
fn command(url: &str, credentials: Option<&Credentials>, has_sample: bool) -> String {
    let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
    let (method, name, params) = if has_sample {
        ("tools/call", " -H 'Mcp-Name: hello'", r#""name":"hello","arguments":{"name":"Ada"},"#)
    } else {
        ("tools/list", "", "")
    };
    let signature = credentials.map_or_else(String::new, |credentials| {
        let (key, secret) = (&credentials.access_key_id, &credentials.secret_access_key);
        format!(" --aws-sigv4 aws:amz:us-east-1:lambda --user '{key}:{secret}'")
    });
    format!(
        "curl -s {url}{signature} -H 'Content-Type: application/json' \
         -H 'Accept: application/json, text/event-stream' -H 'MCP-Protocol-Version: 2026-07-28' \
         -H 'Mcp-Method: {method}'{name} \
         -d '{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"{method}\",\"params\":{{{params}{meta}}}}}'"
    )
}

/// Writes the addresses to `file`, whose folder is created if it is missing.
pub(crate) fn publish(endpoints: &Endpoints, file: &Path) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        fs_err::create_dir_all(folder)?;
    }
    endpoints.write(file)
}

/// Removes `file` if it still tells of this process: what it says is no longer true.
pub(crate) fn withdraw(endpoints: &Endpoints, file: &Path) {
    let current = fs_err::read(file).ok();
    let written = current.and_then(|text| serde_json::from_slice::<Endpoints>(&text).ok());
    if written.is_some_and(|written| written.pid == endpoints.pid) {
        // Left behind it is stale, which its pid shows.
        let _ = fs_err::remove_file(file);
    }
}

/// Prints the text as the only thing on standard output.
pub(crate) fn print(text: &str) -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{text}")?;
    output.flush()
}
