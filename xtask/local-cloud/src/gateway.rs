//! The main port: which request goes to the Lambda API and which to a Function URL, and whether it may.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::header::CONTENT_LENGTH;
use http::request::Parts;
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use time::OffsetDateTime;
use tokio::net::TcpListener;

use crate::api;
use crate::credentials::{Keyring, Principal};
use crate::host::{LambdaHost, MAX_PAYLOAD};
use crate::listener::{self, BoxError, ResponseBody};
use crate::sigv4::{self, SignatureError};
use crate::url::{self, FunctionUrl};

/// How much of a body that is too large is read before the answer: a client that is still sending would not see it.
const MAX_DRAINED: usize = 64 * 1024 * 1024;

/// What the main port serves.
pub(crate) struct Gateway {
    pub(crate) host: LambdaHost,
    /// The keys to verify signatures by; `None` lets everyone in.
    pub(crate) keyring: Option<Keyring>,
    pub(crate) mcp: FunctionUrl,
    pub(crate) registration: FunctionUrl,
}

impl Gateway {
    /// Serves until it is dropped.
    pub(crate) async fn serve(self, listener: TcpListener) {
        let gateway = Arc::new(self);
        let handle = move |request, peer| {
            let gateway = Arc::clone(&gateway);
            async move { gateway.answer(request, peer).await }
        };
        listener::serve(listener, handle, std::future::pending()).await;
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
    ) -> Result<Response<ResponseBody>, BoxError> {
        let (parts, body) = request.into_parts();
        let is_api = api::is_api_path(parts.uri.path());
        let Some(body) = read(&parts.headers, body).await? else {
            return Ok(if is_api {
                api::too_large()
            } else {
                url::too_large()
            });
        };
        let caller = match self.authenticate(&parts, &body) {
            Ok(caller) => caller,
            Err(error) => {
                self.host.log(
                    "signature",
                    &format!("refused {} {}: {error}", parts.method, parts.uri.path()),
                );
                return Ok(if is_api {
                    api::refused(error)
                } else {
                    url::forbidden()
                });
            }
        };
        if is_api {
            return Ok(api::call(&self.host, &parts, body).await?);
        }
        Ok(self
            .url(parts.uri.path())
            .call(&self.host, &parts, &body, peer, caller)
            .await)
    }

    fn authenticate(
        &self,
        parts: &Parts,
        body: &[u8],
    ) -> Result<Option<&Principal>, SignatureError> {
        let Some(keyring) = &self.keyring else {
            return Ok(None);
        };
        sigv4::verify(keyring, parts, body, OffsetDateTime::now_utc()).map(Some)
    }

    fn url(&self, path: &str) -> &FunctionUrl {
        let first = path
            .trim_start_matches('/')
            .split('/')
            .next()
            .unwrap_or_default();
        if first == "register" || path == "/openapi.json" {
            &self.registration
        } else {
            &self.mcp
        }
    }
}

/// The whole body, or `None` if it has more than 6 MB.
async fn read(headers: &HeaderMap, mut body: Incoming) -> Result<Option<Bytes>, hyper::Error> {
    let declared = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    let mut collected = match declared {
        Some(length) if length > MAX_DRAINED => return Ok(None),
        Some(length) if length <= MAX_PAYLOAD => BytesMut::with_capacity(length),
        _ => BytesMut::new(),
    };
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(chunk) = frame?.into_data() else {
            continue;
        };
        length += chunk.len();
        if length > MAX_DRAINED {
            break;
        }
        if length <= MAX_PAYLOAD {
            collected.extend_from_slice(&chunk);
        }
    }
    Ok((length <= MAX_PAYLOAD).then(|| collected.freeze()))
}
