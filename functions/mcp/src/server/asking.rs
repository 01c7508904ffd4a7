//! Asking a client of the older revisions, in whose answers there is no room for questions: by requests to it.

use crate::{
    contract::{Question, Questions, Responses},
    invocation::Invocation,
};
use futures_util::future::try_join_all;
use rmcp::{
    Peer, RoleServer,
    model::{CustomRequest, ServerRequest},
    service::ServiceError,
};
use serde_json::Value;

use super::ANSWER_MARGIN;

/// Why there is no answer. The texts are for the client's model.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unanswered {
    /// The client said no, in the way of the protocol.
    #[error("the client refused the request `{key}` ({code})")]
    Refused { key: String, code: i32 },
    /// What it answered is none.
    #[error("the response to `{key}` is not usable: {problem}")]
    Unusable { key: String, problem: String },
    /// The time of this invocation is over.
    #[error("the request `{0}` was not answered in time")]
    Late(String),
    /// The request could not be sent, or the client is gone.
    #[error("the client could not be asked `{0}`")]
    Unreachable(String),
}

/// Asks all questions at once and waits for all answers, as long as this invocation lasts.
pub(super) async fn ask(
    peer: &Peer<RoleServer>,
    questions: &Questions,
    invocation: &Invocation,
) -> Result<Responses, Unanswered> {
    let asked = questions.iter().map(|(key, question)| async move {
        let left = invocation.remaining().saturating_sub(ANSWER_MARGIN);
        let response = tokio::time::timeout(left, one(peer, key, question))
            .await
            .map_err(|_| Unanswered::Late(key.clone()))??;
        Ok((key.clone(), response))
    });
    Ok(try_join_all(asked).await?.into_iter().collect())
}

async fn one(peer: &Peer<RoleServer>, key: &str, question: &Question) -> Result<Value, Unanswered> {
    let method = question.method.as_str();
    let params = (!question.params.is_empty()).then(|| Value::Object(question.params.clone()));
    // As it was written by the function: rmcp's own types keep of a form's schema what they know.
    let request = ServerRequest::CustomRequest(CustomRequest::new(method, params));
    let result = peer
        .send_request(request)
        .await
        .map_err(|error| match error {
            ServiceError::McpError(error) => Unanswered::Refused {
                key: key.to_owned(),
                code: error.code.0,
            },
            _ => Unanswered::Unreachable(key.to_owned()),
        })?;
    let response = serde_json::to_value(result).unwrap_or_default();
    match question.check(&response) {
        Ok(()) => Ok(response),
        Err(problem) => Err(Unanswered::Unusable {
            key: key.to_owned(),
            problem,
        }),
    }
}
