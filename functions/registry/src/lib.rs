//! What a registration is: its types, its rules, and the store that keeps it.
//!
//! A registration names a Lambda function and says how MCP clients see it: as a tool, a resource or a prompt. This
//! crate turns JSON into [`Registration`]s that hold every rule ([`Registration::parse`]), compiles their schemas
//! ([`schema::ArgumentSchema`]), and keeps them in `DynamoDB` behind the port [`RegistrationStore`]. It knows no HTTP
//! surface and no MCP transport.

mod arn;
pub mod aws;
mod cursor;
mod dynamodb;
mod id;
pub mod logging;
mod name;
mod parameters;
mod problem;
mod registration;
pub mod schema;
mod store;
mod uri_template;

pub use arn::{InvalidArn, LambdaArn};
pub use cursor::{Cursor, InvalidCursor};
pub use dynamodb::{DynamoDbStore, InvalidTableName, TableName};
pub use id::{InvalidId, InvalidType, RegistrationId, RegistrationType};
pub use name::{InvalidName, RegistrationName};
pub use problem::{Problem, Problems};
pub use registration::fields::{Fields, json_text};
pub use registration::{
    Completion, Contract, Definition, Invocation, PromptArgument, PromptDefinition, Registration,
    ResourceDefinition, ResourceLocator, TaskSupport, ToolDefinition,
};
pub use store::{
    Action, Author, CatalogVersion, CatalogVersions, Change, ChangeRecord, FunctionFilter, History,
    InvalidFunction, Operation, Page, Precondition, Refusal, Refused, RegistrationStore,
    ResourceFilter, Revisions, Selection, StoreError, StoreSource, StoredRegistration,
    StoredTemplate, WriteError, Written,
};
pub use uri_template::{InvalidUriTemplate, UriTemplate};
