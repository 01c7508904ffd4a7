//! What a session costs while nothing happens in it: seconds of an execution environment, and requests to DynamoDB.
//! Measured over a fraction of a minute, and extrapolated to an hour.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use http::Uri;
use http_body_util::BodyExt;
use local_cloud::{Data, LocalCloud};
use serde::Serialize;

use crate::connection::Connection;
use crate::{cloud, requests};

/// Looks of a client of 2025 that are measured, one after the other.
const LOOKS: u32 = 50;
/// What such a client waits between two looks, as it is told by `retry`.
const BETWEEN_LOOKS: Duration = Duration::from_secs(30);
/// How long a stream of 2024-11-05 gets to grow quiet, and is then watched.
const QUIET: Duration = Duration::from_secs(20);
const WATCHED: Duration = Duration::from_secs(20);
const HOUR: f64 = 3600.0;
const MB_IN_A_GB: f64 = 1024.0;

/// The cost of an idle session for an hour.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Idle {
    pub(crate) session: String,
    /// Memory of the function times the time that its environments are occupied.
    pub(crate) gb_seconds: f64,
    pub(crate) dynamodb_requests: f64,
}

/// Measures both kinds of sessions, and puts beside them what the project before this one is known to cost, which held
/// an environment of 128 MB and polled each second.
pub(crate) async fn measure(binaries: &Path) -> Result<Vec<Idle>> {
    let cloud = cloud::start(binaries, Data::Memory, true).await?;
    let measured = measure_in(&cloud).await;
    cloud.shutdown().await;
    let mut idle = measured?;
    idle.push(Idle {
        session: "the TypeScript original".to_owned(),
        gb_seconds: 450.0,
        dynamodb_requests: HOUR,
    });
    Ok(idle)
}

async fn measure_in(cloud: &LocalCloud) -> Result<Vec<Idle>> {
    let url: Uri = cloud.endpoints().mcp_url.parse()?;
    let memory_gb = f64::from(cloud::mcp_memory_mb(cloud)?) / MB_IN_A_GB;
    Ok(vec![
        streamable_http(cloud, &url, memory_gb).await?,
        http_with_sse(cloud, memory_gb).await?,
    ])
}

/// A client of 2025 that listens, subscribed to nothing.
async fn streamable_http(cloud: &LocalCloud, url: &Uri, memory_gb: f64) -> Result<Idle> {
    let mut connection = Connection::open(url).await?;
    let opened = connection.send(requests::initialize(url)?).await?;
    let session = opened.headers.get("mcp-session-id");
    let session = session.context("no session")?.to_str()?.to_owned();
    let before = cloud.dynamodb_requests();
    let began = Instant::now();
    for _ in 0..LOOKS {
        let reply = connection.send(requests::listen(url, &session)?).await?;
        ensure!(reply.status == 200, "a look was answered {}", reply.status);
    }
    let looks = HOUR / BETWEEN_LOOKS.as_secs_f64();
    let seconds = began.elapsed().as_secs_f64() / f64::from(LOOKS);
    Ok(Idle {
        session: "2025, listening".to_owned(),
        gb_seconds: looks * seconds * memory_gb,
        dynamodb_requests: looks * requests_since(cloud, before) / f64::from(LOOKS),
    })
}

/// A client of 2024-11-05 with its stream, which occupies an environment for as long as it is there.
async fn http_with_sse(cloud: &LocalCloud, memory_gb: f64) -> Result<Idle> {
    let url: Uri = format!("{}/sse", cloud.endpoints().lambda_endpoint).parse()?;
    let mut connection = Connection::open(&url).await?;
    let mut stream = connection.open_answer(requests::sse(&url)?).await?;
    ensure!(
        stream.status() == 200,
        "the stream was answered {}",
        stream.status()
    );
    // The first event says where messages go; a session that shook hands is told of changes, too.
    let first = stream.body_mut().frame().await;
    let first = first.context("an empty stream")??.into_data().ok();
    let first = String::from_utf8(first.unwrap_or_default().to_vec())?;
    let endpoint = first.lines().find_map(|line| line.strip_prefix("data: "));
    let endpoint = endpoint.context("the first event is not the endpoint")?;
    let endpoint: Uri = format!("{}{endpoint}", cloud.endpoints().lambda_endpoint).parse()?;
    let mut posting = Connection::open(&endpoint).await?;
    let taken = posting.send(requests::initialize(&endpoint)?).await?;
    ensure!(
        taken.status == 202,
        "`initialize` was answered {}",
        taken.status
    );
    tokio::time::sleep(QUIET).await;
    let before = cloud.dynamodb_requests();
    tokio::time::sleep(WATCHED).await;
    let requests = requests_since(cloud, before);
    drop(stream);
    Ok(Idle {
        session: "2024-11-05, with its stream".to_owned(),
        gb_seconds: HOUR * memory_gb,
        dynamodb_requests: requests * HOUR / WATCHED.as_secs_f64(),
    })
}

#[expect(
    clippy::cast_precision_loss,
    reason = "there are not that many requests"
)]
fn requests_since(cloud: &LocalCloud, before: u64) -> f64 {
    (cloud.dynamodb_requests() - before) as f64
}
