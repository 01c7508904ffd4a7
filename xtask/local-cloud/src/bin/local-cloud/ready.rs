//! What is said when everything runs, and where.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use local_cloud::{Credentials, Endpoints};

/// How many registrations are named; the rest is counted.
const MAX_NAMED: usize = 12;
/// The sample tool's registration.
const SAMPLE_TOOL: &str = "tool-hello";

/// What the text tells.
pub(crate) struct Ready<'a> {
    pub(crate) endpoints: &'a Endpoints,
    /// Where data is kept.
    pub(crate) data: String,
    /// The keys to sign with, if signatures are verified.
    pub(crate) credentials: Option<&'a Credentials>,
    /// The ids of everything registered.
    pub(crate) registered: &'a [String],
    /// The application in the repository here that the functions run from.
    pub(crate) published: Option<&'a str>,
}

impl Ready<'_> {
    /// The text for people: the addresses, what is registered, a command to try.
    pub(crate) fn text(&self) -> String {
        let endpoints = self.endpoints;
        let mut text = String::from("The local cloud is running; Ctrl-C ends it.\n\n");
        for (name, value) in [
            ("MCP", &endpoints.mcp_url),
            ("Registration", &endpoints.registration_url),
            ("Lambda", &endpoints.lambda_endpoint),
            ("DynamoDB", &endpoints.dynamodb_endpoint),
            ("S3", &endpoints.s3_endpoint),
            ("SAR", &endpoints.serverlessrepo_endpoint),
            ("Data", &self.data),
        ] {
            // Writing to a string can't fail, here and below.
            let _ = writeln!(text, "  {name:<13} {value}");
        }
        let _ = writeln!(text, "\nRegistered: {}", summary(self.registered));
        if let Some(credentials) = self.credentials {
            text.push_str("\nSign requests (SigV4, service lambda) with:\n");
            let _ = writeln!(text, "  export AWS_REGION=us-east-1");
            let _ = writeln!(
                text,
                "  export AWS_ACCESS_KEY_ID={}",
                credentials.access_key_id
            );
            let _ = writeln!(
                text,
                "  export AWS_SECRET_ACCESS_KEY={}",
                credentials.secret_access_key
            );
        }
        let has_sample = self.registered.iter().any(|id| id == SAMPLE_TOOL);
        let command = command(&endpoints.mcp_url, self.credentials, has_sample);
        let _ = write!(text, "\nTry:\n  {command}");
        if let Some(application) = self.published {
            let url = &endpoints.serverlessrepo_endpoint;
            let _ = write!(
                text,
                "\n\nThe functions run from the Serverless Application Repository here. Look at it, and publish a change:\n  \
                 aws serverlessrepo get-application --endpoint-url {url} --region us-east-1 --application-id {application}\n  \
                 cargo xtask publish --local --fake-binaries"
            );
        }
        text
    }
}

fn summary(registered: &[String]) -> String {
    match registered {
        [] => "nothing yet".to_owned(),
        few if few.len() <= MAX_NAMED => few.join(", "),
        many => format!(
            "{} and {} more",
            many[..MAX_NAMED].join(", "),
            many.len() - MAX_NAMED
        ),
    }
}

/// A command that shows an answer when it is pasted into a shell.
fn command(url: &str, credentials: Option<&Credentials>, has_sample: bool) -> String {
    let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
    let (method, name, params) = if has_sample {
        (
            "tools/call",
            " -H 'Mcp-Name: hello'",
            r#""name":"hello","arguments":{"name":"Ada"},"#,
        )
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

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoints() -> Endpoints {
        let json = r#"{"mcpUrl":"http://127.0.0.1:9100/mcp","sseUrl":"http://127.0.0.1:9100/sse","registrationUrl":"http://127.0.0.1:9100/register","lambdaEndpoint":"http://127.0.0.1:9100","dynamodbEndpoint":"http://127.0.0.1:9200","s3Endpoint":"http://127.0.0.1:9300","serverlessrepoEndpoint":"http://127.0.0.1:9100","stsEndpoint":"http://127.0.0.1:9100","pid":7}"#;
        let endpoints: Endpoints = serde_json::from_str(json).unwrap();
        assert_eq!(endpoints.to_json(), json);
        endpoints
    }

    fn text(credentials: Option<&Credentials>, registered: &[&str]) -> String {
        let registered: Vec<_> = registered.iter().map(|id| (*id).to_owned()).collect();
        let data = "target/local".to_owned();
        Ready {
            endpoints: &endpoints(),
            data,
            credentials,
            registered: &registered,
            published: None,
        }
        .text()
    }

    #[test]
    fn the_text_says_where_everything_is_and_what_to_try() {
        insta::assert_snapshot!(text(None, &["tool-hello", "prompt-greet"]));
    }

    #[test]
    fn with_signatures_the_keys_are_shown_and_used() {
        let credentials = Credentials {
            access_key_id: "AKIALOCAL".into(),
            secret_access_key: "secret/+".into(),
            session_token: None,
        };
        insta::assert_snapshot!(text(Some(&credentials), &[]));
    }

    #[test]
    fn what_was_published_can_be_looked_at() {
        let endpoints = endpoints();
        let ready = Ready {
            endpoints: &endpoints,
            data: "target/local".to_owned(),
            credentials: None,
            registered: &[],
            published: Some("arn:aws:serverlessrepo:us-east-1:000000000000:applications/mcp"),
        };
        let text = ready.text();
        let (_, last) = text.rsplit_once("\n\n").unwrap();
        insta::assert_snapshot!(last, @r"
        The functions run from the Serverless Application Repository here. Look at it, and publish a change:
          aws serverlessrepo get-application --endpoint-url http://127.0.0.1:9100 --region us-east-1 --application-id arn:aws:serverlessrepo:us-east-1:000000000000:applications/mcp
          cargo xtask publish --local --fake-binaries
        ");
    }

    #[test]
    fn many_registrations_are_counted() {
        let ids: Vec<_> = (0..30).map(|number| format!("tool-{number}")).collect();
        insta::assert_snapshot!(summary(&ids), @"tool-0, tool-1, tool-2, tool-3, tool-4, tool-5, tool-6, tool-7, tool-8, tool-9, tool-10, tool-11 and 18 more");
        insta::assert_snapshot!(summary(&ids[..2]), @"tool-0, tool-1");
        insta::assert_snapshot!(summary(&[]), @"nothing yet");
    }

    #[test]
    fn only_the_own_file_is_withdrawn() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep/endpoints.json");
        let mine = endpoints();
        publish(&mine, &file).unwrap();
        let other = Endpoints {
            pid: 8,
            ..endpoints()
        };
        withdraw(&other, &file);
        assert!(file.exists());
        withdraw(&mine, &file);
        assert!(!file.exists());
        withdraw(&mine, &file);
    }
}
