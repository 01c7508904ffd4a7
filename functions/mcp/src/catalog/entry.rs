//! One registration, ready for use.

use super::Listed;
use registry::{
    CatalogVersion, Definition, Registration, StoredRegistration,
    schema::{ArgumentSchema, SchemaError},
};
use rmcp::model::Tool;

/// A registration with everything made from it that a call needs, made once.
#[derive(Debug)]
pub struct Entry {
    /// The registration.
    pub registration: Registration,
    /// The catalog's version that its last write made.
    pub revision: CatalogVersion,
    /// The tool as clients see it; none for resources and prompts.
    pub tool: Option<ToolEntry>,
}

/// What calls of a tool need.
#[derive(Debug)]
pub struct ToolEntry {
    /// The tool as clients see it.
    pub tool: Tool,
    /// Checks arguments.
    pub input: ArgumentSchema,
    /// Checks structured results, if the registration promises a shape.
    pub output: Option<ArgumentSchema>,
}

/// A stored registration that can't be used: an older version of this program let it in.
#[derive(Debug, thiserror::Error)]
pub enum InvalidEntry {
    /// A schema doesn't compile.
    #[error("its schema does not compile")]
    Schema(#[from] SchemaError),
    /// Its description isn't MCP's.
    #[error("it can't be described to clients")]
    Description(#[from] serde_json::Error),
}

impl Entry {
    /// Compiles a registration.
    pub fn new(stored: StoredRegistration) -> Result<Self, InvalidEntry> {
        let StoredRegistration {
            registration,
            revision,
            ..
        } = stored;
        let tool = match &registration.definition {
            Definition::Tool(definition) => Some(ToolEntry {
                tool: Tool::describe(&registration)?,
                input: ArgumentSchema::compile(&definition.input_schema)?,
                output: definition
                    .output_schema
                    .as_deref()
                    .map(ArgumentSchema::compile)
                    .transpose()?,
            }),
            Definition::Resource(_) | Definition::Prompt(_) => None,
        };
        Ok(Self {
            registration,
            revision,
            tool,
        })
    }

    /// The registration as messages to clients name it, as in ``tool `search` ``.
    pub fn title(&self) -> String {
        format!("{} `{}`", self.registration.kind(), self.registration.name)
    }
}
