//! Loopback listeners and the loop that serves HTTP/1.1 on them.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinSet;

/// Any error, as a body or a dropped connection reports it.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;
/// A response body, whole or streamed.
pub(crate) type ResponseBody = UnsyncBoxBody<Bytes, BoxError>;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;
/// The pause after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// Listens on 127.0.0.1 with `TCP_NODELAY`, which connections inherit; port 0 takes a free one.
pub(crate) fn bind(port: u16) -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // On Unix this lets a restarted server have its port again at once. Windows means something else by it: sharing.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.set_nodelay(true)?;
    socket.bind(SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)))?;
    socket.listen(BACKLOG)
}

/// Accepts connections until `stop` resolves, then waits for those that are open; dropping it closes them all.
///
/// `handle` answers one request; its `Err` closes the connection without an answer.
pub(crate) async fn serve<H, F, B, E>(
    listener: TcpListener,
    handle: H,
    stop: impl Future<Output = ()>,
) where
    H: Fn(Request<Incoming>, SocketAddr) -> F + Clone + Send + 'static,
    F: Future<Output = Result<Response<B>, E>> + Send,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
    E: Into<BoxError> + 'static,
{
    let mut connections = JoinSet::new();
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
            () = &mut stop => break,
        };
        let Ok((stream, peer)) = accepted else {
            // Out of file descriptors, most likely: a connection that closes makes room.
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        // Without it, Nagle's algorithm holds back the second write of an answer for up to 40 ms.
        let _ = stream.set_nodelay(true);
        let handle = handle.clone();
        connections.spawn(async move {
            let service = service_fn(move |request| handle(request, peer));
            // An error here is the connection's own end: a client that went away, or an answer that broke off.
            let _ = http1::Builder::new()
                .header_read_timeout(None)
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// A body that is already complete.
pub(crate) fn full(bytes: impl Into<Bytes>) -> ResponseBody {
    use http_body_util::BodyExt;
    UnsyncBoxBody::new(
        http_body_util::Full::new(bytes.into()).map_err(|never: Infallible| match never {}),
    )
}
