//! The programs of `docs/TOOLS.md` do what the page says, run as functions by the local Lambda.
//!
//! Those in Rust always are. Those in other languages need a program that Rust does not bring, so their tests are run on
//! demand: `cargo xtask examples` installs what they need.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use local_cloud::FunctionSpec;
use serde_json::{Value, json};
use support::{Reply, TestCloud};

/// Names a Python that has `awslambdaric`, Lambda's own runtime for it.
const PYTHON_VARIABLE: &str = "MCP_LAMBDA_SAM_PYTHON";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples")
}

/// What an example is written in.
#[derive(Clone, Copy)]
enum Language {
    Rust,
    JavaScript,
    Python,
}

impl Language {
    /// The example as the function that its registration names.
    fn function(self, example: &str) -> Result<FunctionSpec> {
        let file = |name: String| folder().join(name).display().to_string();
        let command = match self {
            Self::Rust => {
                let program = support::cloud::binaries().join("examples").join(example);
                let program = program.with_extension(env::consts::EXE_EXTENSION);
                vec![program.display().to_string()]
            }
            Self::JavaScript => vec![
                "node".to_owned(),
                file("bootstrap.mjs".to_owned()),
                file(format!("{example}.mjs")),
            ],
            Self::Python => vec![
                env::var(PYTHON_VARIABLE).context("run by `cargo xtask examples`")?,
                "-m".to_owned(),
                "awslambdaric".to_owned(),
                format!("{example}.handler"),
            ],
        };
        let name = format!("mcp-tool-{}", example.replace('_', "-"));
        let mut function = FunctionSpec::new(name, command);
        // Where Python looks for the handler's module, on Lambda the deployed folder, and leaves nothing behind.
        let modules = folder().display().to_string();
        function.environment = [
            ("PYTHONPATH", modules),
            ("PYTHONDONTWRITEBYTECODE", "1".into()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        Ok(function)
    }

    /// A cloud with the example, registered by the file beside it.
    async fn cloud(self, example: &str) -> Result<TestCloud> {
        let function = self.function(example)?;
        TestCloud::start_with(|config| {
            config.sample = false;
            config.tools = vec![function];
            config.register = vec![folder().join(format!("{example}.json"))];
        })
        .await
    }
}

async fn counts_words(language: Language) -> Result<()> {
    let cloud = language.cloud("count_words").await?;
    let answer = cloud
        .call_tool("count-words", json!({ "text": "  zwei  süße Wörter " }))
        .await?;
    assert_eq!(
        answer["result"]["structuredContent"],
        json!({ "words": 3, "characters": 20 }),
        "{answer}"
    );
    cloud.shutdown().await;
    Ok(())
}

/// Calls the tool as a client that can be asked and wants to hear of progress.
async fn book(cloud: &TestCloud, more: &Value) -> Result<Reply> {
    let mut params = json!({ "name": "book-table", "arguments": { "day": "2026-12-01" }, "_meta": {
        "progressToken": 1,
        "io.modelcontextprotocol/clientCapabilities": { "elicitation": {} },
    } });
    for key in ["requestState", "inputResponses"] {
        if let Some(value) = more.get(key) {
            params[key] = value.clone();
        }
    }
    cloud.modern().send("tools/call", params).await
}

/// The messages of progress that come before the answer.
fn progress(messages: &[Value]) -> Vec<&str> {
    let messages = messages.iter();
    messages
        .filter_map(|message| message["params"]["message"].as_str())
        .collect()
}

async fn books_a_table(language: Language, steps: [&[&str]; 2]) -> Result<()> {
    let cloud = language.cloud("book_table").await?;
    let asked = book(&cloud, &json!({})).await?.messages()?;
    assert_eq!(progress(&asked), steps[0]);
    let asked = &asked.last().context("nothing was answered")?["result"];
    assert_eq!(
        asked["inputRequests"]["party"]["params"]["message"], "A table for how many?",
        "{asked}"
    );

    let response = |response: Value| json!({ "requestState": asked["requestState"], "inputResponses": { "party": response } });
    let accepted = response(json!({ "action": "accept", "content": { "people": 4 } }));
    let booked = book(&cloud, &accepted).await?.messages()?;
    assert_eq!(progress(&booked), steps[1]);
    let booked = &booked.last().context("nothing was answered")?["result"];
    assert_eq!(
        booked["content"][0]["text"], "Table 7 is booked for 4 on 2026-12-01.",
        "{booked}"
    );

    let asked = book(&cloud, &json!({})).await?.messages()?;
    let asked = &asked.last().context("nothing was answered")?["result"];
    let declined = json!({
        "requestState": asked["requestState"], "inputResponses": { "party": { "action": "decline" } },
    });
    let answer = book(&cloud, &declined).await?.messages()?;
    let answer = &answer.last().context("nothing was answered")?["result"];
    assert_eq!(answer["content"][0]["text"], "No table is booked.");
    cloud.shutdown().await;
    Ok(())
}

/// What is said on the way by the programs that stream.
const STEPS: [&[&str]; 2] = [&["Looking for a table on 2026-12-01"], &["Booking it"]];

#[tokio::test]
async fn rust_counts_words() -> Result<()> {
    counts_words(Language::Rust).await
}

#[tokio::test]
async fn rust_books_a_table() -> Result<()> {
    books_a_table(Language::Rust, STEPS).await
}

#[tokio::test]
#[ignore = "needs Node.js"]
async fn javascript_counts_words() -> Result<()> {
    counts_words(Language::JavaScript).await
}

#[tokio::test]
#[ignore = "needs Node.js"]
async fn javascript_books_a_table() -> Result<()> {
    books_a_table(Language::JavaScript, STEPS).await
}

#[tokio::test]
#[ignore = "needs Python"]
async fn python_counts_words() -> Result<()> {
    counts_words(Language::Python).await
}

/// Python's managed runtimes don't stream, and the same registration serves a function that doesn't.
#[tokio::test]
#[ignore = "needs Python"]
async fn python_books_a_table() -> Result<()> {
    books_a_table(Language::Python, [&[], &[]]).await
}

#[tokio::test]
#[ignore = "needs Python"]
async fn a_python_target_of_agentcore_gateway_serves_two_tools() -> Result<()> {
    let cloud = Language::Python.cloud("orders").await?;
    for (tool, status) in [("get_order", "SHIPPED"), ("cancel_order", "CANCELLED")] {
        let answer = cloud.call_tool(tool, json!({ "orderId": "A-1" })).await?;
        assert_eq!(
            answer["result"]["structuredContent"],
            json!({ "orderId": "A-1", "status": status }),
            "{answer}"
        );
    }
    cloud.shutdown().await;
    Ok(())
}
