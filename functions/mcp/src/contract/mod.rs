//! The contract with tool authors: what a registered function is sent, and what its answer means.
//!
//! The `native` contract is the original project's: tools and prompts get `{"args","extra"}`, resources
//! `{"action","uri","variables","extra"}`; the answer is `{"statusCode","body"}` with the MCP result as its body,
//! the MCP result itself, or any JSON. The `agentcore` contract is that of Amazon Bedrock AgentCore Gateway: the
//! bare arguments, with the tool's name in the client context.
//!
//! Beside a result, a function of the `native` contract may answer `{"resultType":"input_required"}` to have the client
//! asked something first ([`InputRequired`]), and `{"resultType":"error"}` for an error of the protocol
//! ([`ProtocolError`]), and a tool's function `{"resultType":"task"}` to go on as a task ([`Answer::Task`]). A function invoked with a response stream writes [`Frame`]s.

mod answer;
mod event;
mod frame;
mod input;
mod reply;
mod response;

pub use answer::{Answer, AnswerError, ProtocolError};
pub use event::{Asked, Caller, Continuation, Event, Extra};
pub use frame::{Finished, Frame, FrameError, FrameReader, LogLevel, LogMessage, Progress};
pub use input::{
    InputRequired, InvalidQuestion, QUESTIONS_AT_MOST, Question, QuestionMethod, Questions,
    Responses, missing_capabilities,
};
pub use reply::{Reply, ReplyError, ReplyFailure};
pub use response::{InvalidResponse, matching, plausible};
