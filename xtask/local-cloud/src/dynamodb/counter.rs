//! A proxy that counts requests, for measurements only: without it clients talk to the database directly.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::Uri;
use http::uri::{PathAndQuery, Scheme};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;

use crate::listener::{self, BoxError};

/// Passes every request that arrives at `listener` on to `target`, and counts it.
pub(super) async fn serve(listener: TcpListener, target: SocketAddr, requests: Arc<AtomicU64>) {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client = Client::builder(TokioExecutor::new()).build(connector);
    let handle = move |mut request: http::Request<hyper::body::Incoming>, _peer| {
        requests.fetch_add(1, Ordering::Relaxed);
        let client = client.clone();
        async move {
            let path = request.uri().path_and_query().cloned();
            let uri = Uri::builder()
                .scheme(Scheme::HTTP)
                .authority(target.to_string())
                .path_and_query(path.unwrap_or_else(|| PathAndQuery::from_static("/")))
                .build()?;
            *request.uri_mut() = uri;
            client.request(request).await.map_err(BoxError::from)
        }
    };
    listener::serve(listener, handle, std::future::pending()).await;
}
