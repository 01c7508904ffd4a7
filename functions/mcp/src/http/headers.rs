//! What the headers of a request have to say.

use super::{Rejection, envelope::Envelope, shortened};
use crate::server::SUPPORTED_VERSIONS;
use http::{HeaderMap, HeaderValue, header};

/// The header with the revision that a client speaks.
pub(super) const PROTOCOL_VERSION: &str = "mcp-protocol-version";
/// What the dispatcher wants to read in `Accept`.
const ACCEPT_BOTH: HeaderValue = HeaderValue::from_static("application/json, text/event-stream");

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
