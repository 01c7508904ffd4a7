//! One keep-alive HTTP/1.1 connection, as every measured client has one.

use anyhow::{Context, Result};
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// A connection to one server, `TCP_NODELAY` on; requests go one after the other.
#[derive(Debug)]
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Connection {
    /// Connects to the host and port of `url`.
    pub(crate) async fn open(url: &Uri) -> Result<Self> {
        let authority = url.authority().context("a URL without a host")?;
        let stream = TcpStream::connect(authority.as_str())
            .await
            .with_context(|| format!("could not connect to {authority}"))?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move {
            // A broken connection shows itself to whoever sends on it.
            let _ = connection.await;
        });
        Ok(Self { sender })
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn send(&mut self, request: Request<Bytes>) -> Result<Reply> {
        self.sender.ready().await?;
        let (parts, body) = self.open_answer(request).await?.into_parts();
        Ok(Reply {
            status: parts.status,
            headers: parts.headers,
            body: body.collect().await?.to_bytes(),
        })
    }

    /// Sends a request and hands over the answer as it arrives.
    pub(crate) async fn open_answer(
        &mut self,
        request: Request<Bytes>,
    ) -> Result<Response<Incoming>> {
        Ok(self.sender.send_request(request.map(Full::new)).await?)
    }
}

impl Reply {
    /// The body as JSON, when the status is a success.
    ///
    /// Errors: another status, with the start of what the server said.
    pub(crate) fn json(&self) -> Result<serde_json::Value> {
        if !self.status.is_success() {
            let text = String::from_utf8_lossy(&self.body);
            let start: String = text.chars().take(300).collect();
            anyhow::bail!("status {}: {start}", self.status);
        }
        serde_json::from_slice(&self.body).context("the answer is not JSON")
    }
}
