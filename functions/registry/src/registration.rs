//! What is registered: a Lambda function, and how MCP clients see it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::arn::LambdaArn;
use crate::id::{RegistrationId, RegistrationType};
use crate::name::RegistrationName;
use crate::problem::Problems;
use crate::uri_template::UriTemplate;

mod extras;
pub(crate) mod fields;
mod merge_patch;
mod parse;
mod render;

/// A Lambda function as a tool, resource or prompt. Made by [`Registration::parse`] alone in practice, so it holds the
/// rules checked there; JSON parts are kept byte for byte as they were given.
#[derive(Debug, Clone)]
pub struct Registration {
    /// Unique within its type.
    pub name: RegistrationName,
    /// For people to read. At most 256 characters.
    pub title: Option<String>,
    /// For people and models to read. At most 8,192 characters.
    pub description: Option<String>,
    /// The function to invoke.
    pub lambda_arn: LambdaArn,
    /// Whether MCP clients see it. What they don't see does not exist for them, and keeps its name and URI.
    pub enabled: bool,
    /// How it is spoken to.
    pub contract: Contract,
    /// How it is invoked.
    pub invocation: Invocation,
    /// MCP's `icons`: a JSON array, never empty.
    pub icons: Option<Box<RawValue>>,
    /// MCP's `_meta`: a JSON object, never empty.
    pub meta: Option<Box<RawValue>>,
    /// What only its type has.
    pub definition: Definition,
    /// How the arguments of a prompt, or the variables of a resource template, are completed, by name.
    pub completions: BTreeMap<String, Completion>,
}

/// What event a function gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Contract {
    /// `{"args","extra"}` for tools and prompts, `{"action","uri","variables","extra"}` for resources.
    #[default]
    Native,
    /// The bare arguments, and the tool's name in the client context: a Lambda target of Amazon Bedrock `AgentCore`
    /// Gateway. Tools only.
    Agentcore,
}

/// Whether a tool may be called as a task (MCP extension `io.modelcontextprotocol/tasks`). Tools only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskSupport {
    /// Never.
    #[default]
    Forbidden,
    /// Is one for every client that knows tasks; called as usual by the others.
    Optional,
    /// Always: clients that don't know tasks can't call it.
    Required,
    /// Its function decides, call by call: invoked as usual, it may answer that it goes on as a task.
    Function,
}

/// How a function is invoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Invocation {
    /// Give up after this many seconds, 1 to 900, the longest a Lambda function can run.
    pub timeout_seconds: Option<u16>,
    /// Invoke with a response stream of NDJSON frames.
    pub stream: bool,
    /// Whether it may be called as a task.
    pub task: TaskSupport,
    /// Whether a list of resources asks the function with `{"action":"list"}`. Resources only.
    pub list: bool,
}

/// What only a tool, a resource or a prompt has.
#[derive(Debug, Clone)]
pub enum Definition {
    /// A tool's part.
    Tool(ToolDefinition),
    /// A resource's part.
    Resource(ResourceDefinition),
    /// A prompt's part.
    Prompt(PromptDefinition),
}

/// What a tool takes and gives.
#[derive(Debug, Clone)]
pub struct ToolDefinition {
    /// JSON Schema 2020-12 of the arguments; its root's type is `object`.
    pub input_schema: Box<RawValue>,
    /// JSON Schema 2020-12 of the structured result; its root's type is `object`.
    pub output_schema: Option<Box<RawValue>>,
    /// MCP's tool annotations: a JSON object, never empty.
    pub annotations: Option<Box<RawValue>>,
}

/// What a resource is and where.
#[derive(Debug, Clone)]
pub struct ResourceDefinition {
    /// Its URI, or the template of its URIs.
    pub locator: ResourceLocator,
    /// The media type of its content.
    pub mime_type: Option<String>,
    /// MCP's resource annotations: a JSON object, never empty.
    pub annotations: Option<Box<RawValue>>,
    /// Its size in bytes, if known.
    pub size: Option<u64>,
}

/// Where a resource is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResourceLocator {
    /// At one URI of at most 1,024 bytes, with a scheme.
    Uri(String),
    /// At every URI that the template matches.
    Template(UriTemplate),
}

/// What a prompt takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptDefinition {
    /// The arguments, in the order given, with unique names.
    pub arguments: Vec<PromptArgument>,
}

/// One argument of a prompt. Prompt arguments are texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PromptArgument {
    /// 1 to 128 characters.
    pub name: String,
    /// For people to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// For people and models to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether a client has to give it.
    pub required: bool,
}

/// Where the completions of an argument come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completion {
    /// A fixed list, at most 100 (as many as MCP's `completion/complete` may answer at once).
    Values(Vec<String>),
    /// The registered function itself.
    Function,
}

impl Registration {
    /// The largest document that is accepted: 256 KiB. With keys and copies of attributes it stays below the 400 KB that
    /// a `DynamoDB` item may have.
    pub const MAX_BYTES: usize = 256 * 1024;

    /// `{type}-{name}`.
    pub fn id(&self) -> RegistrationId {
        RegistrationId {
            kind: self.kind(),
            name: self.name.clone(),
        }
    }

    /// Tool, resource or prompt.
    pub fn kind(&self) -> RegistrationType {
        match self.definition {
            Definition::Tool(_) => RegistrationType::Tool,
            Definition::Resource(_) => RegistrationType::Resource,
            Definition::Prompt(_) => RegistrationType::Prompt,
        }
    }

    /// Reads a registration document, and says everything that is wrong with it rather than the first thing only.
    pub fn parse(body: &[u8]) -> Result<Self, Problems> {
        parse::registration(body, parse::Checks::All)
    }

    /// Reads back a document that [`Registration::to_json`] made of a registration, without compiling its schemas again.
    pub(crate) fn parse_stored(document: &str) -> Result<Self, Problems> {
        parse::registration(document.as_bytes(), parse::Checks::Stored)
    }

    /// The registration that a JSON Merge Patch (RFC 7396) makes of this one, with everything checked again. The patch is
    /// applied to the document that [`Registration::to_json`] makes; what it doesn't name stays byte for byte. Type and
    /// name can be changed like the rest, so that a caller who must not allow that has to look at the id.
    pub fn patched(&self, patch: &[u8]) -> Result<Self, Problems> {
        let patch = fields::json_text(patch, Self::MAX_BYTES)?;
        let mut problems = Problems::default();
        let document = merge_patch::apply(&self.to_json(), patch, &mut problems);
        if !problems.is_empty() {
            return Err(problems);
        }
        Self::parse(document.get().as_bytes())
    }

    /// The registration as one normalised JSON document, beginning with `id`: shorthand is written out, defaults are
    /// filled in, empty parts are left out. Parsing it gives the same registration again.
    pub fn to_json(&self) -> Box<RawValue> {
        render::registration(self)
    }
}
