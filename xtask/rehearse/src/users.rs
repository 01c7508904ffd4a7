//! The users of the account, and what they are allowed.

use std::path::Path;

use anyhow::{Context as _, Result};
use fs_err as fs;
use serde_json::{Value, json};

use crate::emulator::Emulator;
use crate::signed::Keys;

/// Before the policy in docs/RELEASING.md that deploying needs.
const DEPLOYING: &str = "Deploying needs";

/// The users of the account.
pub(crate) struct Users {
    /// Can do whatever the services need: other clients than ours call more than they have to.
    pub(crate) owner: Keys,
    /// Has the policy that the documents name for deploying, and nothing else.
    pub(crate) deployer: Keys,
    /// May register, once a stack is there.
    pub(crate) administrator: Keys,
    /// May use tools, once a stack is there.
    pub(crate) client: Keys,
    /// May do nothing.
    pub(crate) stranger: Keys,
}

impl Users {
    /// Makes them, with the policies that don't depend on a stack.
    pub(crate) async fn make(emulator: &Emulator, checkout: &Path) -> Result<Self> {
        let users = Self {
            owner: emulator.user("owner").await?,
            deployer: emulator.user("deployer").await?,
            administrator: emulator.user("administrator").await?,
            client: emulator.user("client").await?,
            stranger: emulator.user("stranger").await?,
        };
        let services = [
            "cloudformation",
            "dynamodb",
            "ec2",
            "iam",
            "lambda",
            "logs",
            "s3",
        ];
        let actions = services.map(|service| format!("{service}:*"));
        let everything = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": actions, "Resource": "*" },
        ] });
        emulator.allow("owner", &everything).await?;
        emulator
            .allow("deployer", &for_deploying(checkout)?)
            .await?;
        Ok(users)
    }
}

/// The policy that maintainers are told to give to whoever deploys.
fn for_deploying(checkout: &Path) -> Result<Value> {
    let text = fs::read_to_string(checkout.join("docs/RELEASING.md"))?;
    let (_, rest) = text
        .split_once(DEPLOYING)
        .with_context(|| format!("docs/RELEASING.md doesn't say what `{DEPLOYING}`"))?;
    let (_, block) = rest
        .split_once("```json\n")
        .context("docs/RELEASING.md has no policy for deploying")?;
    let (policy, _) = block
        .split_once("```")
        .context("docs/RELEASING.md has a block without an end")?;
    serde_json::from_str(policy).context("the policy for deploying in docs/RELEASING.md is no JSON")
}
