//! The contract with tool authors: what a registered function is sent, and what its answer means.
//!
//! The `native` contract is the original project's: tools and prompts get `{"args","extra"}`, resources
//! `{"action","uri","variables","extra"}`; the answer is `{"statusCode","body"}` with the MCP result as its body,
//! the MCP result itself, or any JSON. The `agentcore` contract is that of Amazon Bedrock AgentCore Gateway: the
//! bare arguments, with the tool's name in the client context.

mod event;
mod reply;

pub use event::{Event, Extra};
pub use reply::{Reply, ReplyError, ReplyFailure};
