//! `initialize`: the beginning of a session.

use crate::{
    catalog::CatalogError,
    invocation::Invocation,
    server::Shared,
    sessions::{Session, SessionError, Sessions, Transport},
};
use registry::{CatalogVersions, RegistrationStore};
use rmcp::model::{ClientJsonRpcMessage, ClientRequest, InitializeRequestParams, JsonRpcMessage};
use serde_json::{Value, json};

/// The most that a client can say of itself, in bytes: every request of its session reads it.
pub const HANDSHAKE_AT_MOST: usize = 16 * 1024;

/// What a client asks for by `initialize`, as it is to be kept.
///
/// # Errors
///
/// A text for the client: what it says of itself is too much. None if the message is another one, or its parameters are
/// not those of `initialize`.
pub fn agree<S, I>(
    shared: &Shared<S, I>,
    body: &[u8],
) -> Option<Result<(InitializeRequestParams, Value), String>> {
    let message: ClientJsonRpcMessage = serde_json::from_slice(body).ok()?;
    let JsonRpcMessage::Request(request) = message else {
        return None;
    };
    let id = json!(request.id);
    let ClientRequest::InitializeRequest(initialize) = request.request else {
        return None;
    };
    let mut client = initialize.params;
    client.meta = None;
    let result = shared.shake_hands(&client);
    client.protocol_version = result.protocol_version.clone();
    if json!(client).to_string().len() > HANDSHAKE_AT_MOST {
        return Some(Err(format!(
            "`capabilities` and `clientInfo` take more than {HANDSHAKE_AT_MOST} bytes"
        )));
    }
    let response = json!({ "jsonrpc": "2.0", "id": id, "result": result });
    Some(Ok((client, response)))
}

/// Opens a session for a client that shook hands. Where there are streams, what its client sees of the lists from now on
/// counts as new only when it changes.
pub async fn initialize<S: RegistrationStore, I>(
    shared: &Shared<S, I>,
    sessions: &Sessions,
    invocation: &Invocation,
    client: InitializeRequestParams,
) -> Result<Session, SessionError> {
    let principal = invocation.principal.as_ref();
    let seen = seen(shared).await.map_err(|_| SessionError::Unavailable)?;
    let transport = Transport::StreamableHttp;
    sessions
        .open(principal, transport, Some(client), seen)
        .await
}

/// Opens a session for a client of 2024-11-05, which shakes hands later.
pub async fn open<S: RegistrationStore, I>(
    shared: &Shared<S, I>,
    sessions: &Sessions,
    invocation: &Invocation,
) -> Result<Session, SessionError> {
    let principal = invocation.principal.as_ref();
    let seen = seen(shared).await.map_err(|_| SessionError::Unavailable)?;
    sessions
        .open(principal, Transport::HttpWithSse, None, seen)
        .await
}

/// The versions that the lists have, where anybody is told of them.
async fn seen<S: RegistrationStore, I>(
    shared: &Shared<S, I>,
) -> Result<CatalogVersions, CatalogError> {
    match shared.stream_lifetime() {
        Some(_) => Ok(shared.catalog.versions().await?.0),
        None => Ok(CatalogVersions::default()),
    }
}
