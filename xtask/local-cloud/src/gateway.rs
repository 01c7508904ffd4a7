//! The main port: which request goes to the Lambda API, to SAR, to STS or to a Function URL, and whether it may.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

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
use crate::sar::{self, Sar};
use crate::sigv4::{self, Service, SignatureError};
use crate::sts;
use crate::url::{self, FunctionUrl};

/// How much of a body that is too large is read before the answer: a client that is still sending would not see it.
const MAX_DRAINED: usize = 64 * 1024 * 1024;

/// Whom a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    LambdaApi,
    Sar,
    Sts,
    Url,
}

impl Target {
    fn of(parts: &Parts) -> Self {
        let path = parts.uri.path();
        if api::is_api_path(path) {
            Self::LambdaApi
        } else if sar::is_sar_path(path) {
            Self::Sar
        } else if sts::is_sts_request(parts) {
            Self::Sts
        } else {
            Self::Url
        }
    }

    /// What its requests are signed for.
    fn service(self) -> Service {
        match self {
            Self::LambdaApi | Self::Url => Service::Lambda,
            Self::Sar => Service::ServerlessRepo,
            Self::Sts => Service::Sts,
        }
    }

    /// The largest body, in bytes.
    fn limit(self) -> usize {
        match self {
            Self::Sar => sar::MAX_REQUEST,
            _ => MAX_PAYLOAD,
        }
    }

    fn too_large(self) -> Response<ResponseBody> {
        match self {
            Self::LambdaApi => api::too_large(),
            Self::Sar => sar::too_large(),
            Self::Sts | Self::Url => url::too_large(),
        }
    }

    fn refused(self, error: SignatureError) -> Response<ResponseBody> {
        match self {
            Self::LambdaApi | Self::Sar => api::refused(error),
            Self::Sts | Self::Url => url::forbidden(),
        }
    }
}

/// What the main port serves.
pub(crate) struct Gateway {
    pub(crate) sar: Arc<Sar>,
    /// The keys to verify signatures by; `None` lets everyone in.
    pub(crate) keyring: Option<Keyring>,
    /// The functions, as soon as they are there: what they run may have to be published first.
    pub(crate) functions: Arc<OnceLock<Functions>>,
}

/// The functions and the URLs of two of them.
pub(crate) struct Functions {
    pub(crate) host: LambdaHost,
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
        let target = Target::of(&parts);
        let Some(body) = read(&parts.headers, body, target.limit()).await? else {
            return Ok(target.too_large());
        };
        let caller = match self.authenticate(target, &parts, &body) {
            Ok(caller) => caller,
            Err(error) => {
                if let Some(functions) = self.functions.get() {
                    functions.host.log(
                        "signature",
                        &format!("refused {} {}: {error}", parts.method, parts.uri.path()),
                    );
                }
                return Ok(target.refused(error));
            }
        };
        let functions = match target {
            Target::Sar => return Ok(self.sar.call(&parts, &body).await),
            Target::Sts => return Ok(sts::call(&body, caller)),
            Target::LambdaApi | Target::Url => self.functions.get(),
        };
        let Some(functions) = functions else {
            return Ok(url::not_ready());
        };
        if let Target::LambdaApi = target {
            return Ok(api::call(&functions.host, &parts, body).await?);
        }
        let url = functions.url(parts.uri.path());
        Ok(url.call(&functions.host, &parts, &body, peer, caller).await)
    }

    fn authenticate(
        &self,
        target: Target,
        parts: &Parts,
        body: &[u8],
    ) -> Result<Option<&Principal>, SignatureError> {
        let Some(keyring) = &self.keyring else {
            return Ok(None);
        };
        sigv4::verify(
            keyring,
            target.service(),
            parts,
            body,
            OffsetDateTime::now_utc(),
        )
        .map(|signed| Some(signed.principal))
    }
}

impl Functions {
    fn url(&self, path: &str) -> &FunctionUrl {
        let first = path
            .trim_start_matches('/')
            .split('/')
            .next()
            .unwrap_or_default();
        // `register:batch` and the like are methods of the whole, not other things.
        let noun = first.split(':').next();
        if noun == Some("register") || path == "/openapi.json" {
            &self.registration
        } else {
            &self.mcp
        }
    }
}

/// The whole body, or `None` if it has more than `limit` bytes.
async fn read(
    headers: &HeaderMap,
    mut body: Incoming,
    limit: usize,
) -> Result<Option<Bytes>, hyper::Error> {
    let declared = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    let mut collected = match declared {
        Some(length) if length > MAX_DRAINED => return Ok(None),
        Some(length) if length <= limit => BytesMut::with_capacity(length),
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
        if length <= limit {
            collected.extend_from_slice(&chunk);
        }
    }
    Ok((length <= limit).then(|| collected.freeze()))
}
