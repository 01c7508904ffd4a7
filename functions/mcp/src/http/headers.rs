//! What the headers of a request have to say.

use super::{Rejection, envelope::Envelope, shortened};
use crate::server::SUPPORTED_VERSIONS;
use http::{HeaderMap, HeaderValue, header};
use rmcp::model::ProtocolVersion;
use serde_json::Value;

/// The header with the revision that a client speaks.
pub(super) const PROTOCOL_VERSION: &str = "mcp-protocol-version";
/// The header with the session that a request belongs to.
pub(super) const SESSION_ID: &str = "mcp-session-id";
/// The header with the event from which a client goes on.
const LAST_EVENT_ID: &str = "last-event-id";
/// What the dispatcher wants to read in `Accept`.
const ACCEPT_BOTH: HeaderValue = HeaderValue::from_static("application/json, text/event-stream");

/// The session that a request says it belongs to. What can't be read is one that nobody has.
pub(super) fn session(headers: &HeaderMap) -> Option<&str> {
    let id = headers.get(SESSION_ID)?;
    Some(id.to_str().unwrap_or_default())
}

/// The event from which a client wants to go on.
pub(super) fn last_event(headers: &HeaderMap) -> Option<&str> {
    let id = headers.get(LAST_EVENT_ID)?;
    Some(id.to_str().unwrap_or_default()).filter(|id| !id.is_empty())
}

/// That a client speaks in the revision that its session was opened in, if it says which. Source: MCP 2025-06-18 and
/// later, "Streamable HTTP", "Protocol version header".
pub(super) fn require_agreed(
    headers: &HeaderMap,
    agreed: Option<&ProtocolVersion>,
    id: Option<&Value>,
) -> Result<(), Rejection> {
    let Some(version) = headers.get(PROTOCOL_VERSION) else {
        return Ok(());
    };
    match agreed {
        Some(agreed) if version == agreed.as_str() => Ok(()),
        Some(agreed) => Err(Rejection::invalid(
            id.cloned(),
            &format!("`MCP-Protocol-Version` has to be {agreed}, as `initialize` agreed on"),
        )),
        None => Ok(()),
    }
}

/// That the client takes event streams.
pub(super) fn accept_events(headers: &HeaderMap) -> Result<(), Rejection> {
    let Some(accept) = headers.get(header::ACCEPT) else {
        return Ok(());
    };
    let accept = String::from_utf8_lossy(accept.as_bytes()).to_ascii_lowercase();
    if accept.contains("text/event-stream") || accept.contains("*/*") {
        Ok(())
    } else {
        Err(Rejection::NoEvents)
    }
}

/// That the body is JSON.
pub(super) fn require_json(headers: &HeaderMap) -> Result<(), Rejection> {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        Ok(())
    } else {
        Err(Rejection::UnsupportedMediaType)
    }
}

/// That the client speaks a revision that is spoken here. A request that names its revision itself is held to that one, by the dispatcher,
/// and `initialize` is there to agree on one.
pub(super) fn require_version(headers: &HeaderMap, envelope: &Envelope) -> Result<(), Rejection> {
    let Some(version) = headers.get(PROTOCOL_VERSION) else {
        return Ok(());
    };
    let is_spoken = SUPPORTED_VERSIONS
        .iter()
        .any(|spoken| spoken.as_str() == version);
    let negotiates = envelope.method.as_deref() == Some("initialize");
    if envelope.names_version || negotiates || is_spoken {
        return Ok(());
    }
    Err(Rejection::UnsupportedVersion {
        id: envelope.id.clone(),
        requested: shortened(&String::from_utf8_lossy(version.as_bytes())),
    })
}

/// MCP clients accept JSON and event streams, and have to say so. One that accepts anything, or doesn't say, is
/// served as well. Source: MCP 2025-03-26 and later, "Streamable HTTP".
pub(super) fn accept_both(headers: &mut HeaderMap) -> Result<(), Rejection> {
    let Some(accept) = headers.get(header::ACCEPT) else {
        headers.insert(header::ACCEPT, ACCEPT_BOTH);
        return Ok(());
    };
    let accept = String::from_utf8_lossy(accept.as_bytes()).to_ascii_lowercase();
    let both = accept.contains("application/json") && accept.contains("text/event-stream");
    if !both && !accept.contains("*/*") {
        return Err(Rejection::NotAcceptable);
    }
    headers.insert(header::ACCEPT, ACCEPT_BOTH);
    Ok(())
}
