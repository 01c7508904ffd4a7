//! A catalog of many registrations: registering it, listing it, calling from it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http::{Request, Uri};
use local_cloud::{Data, LocalCloud};
use serde::Serialize;
use tokio::task::JoinSet;

use crate::connection::Connection;
use crate::samples::{Samples, Summary};
use crate::{cloud, function, requests};

/// Connections that register at the same time. Every write moves the one catalog version, so that more of them
/// mostly meet each other.
const REGISTERING: usize = 2;
/// The numbers of clients whose throughput is measured.
const CONNECTIONS: [usize; 2] = [1, 8];
/// Calls before anything is measured.
const WARM_UP: usize = 20;
/// No catalog has more pages than this: a list that never ends is an error, not a wait.
const MAX_PAGES: usize = 100_000;

/// What is measured at one size of the catalog; times are milliseconds unless their names say otherwise.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Catalog {
    pub(crate) registrations: usize,
    pub(crate) register_seconds: f64,
    pub(crate) list_pages: usize,
    pub(crate) list_seconds: f64,
    /// `tools/call` at the MCP function's URL.
    pub(crate) call: Summary,
    /// The same tool by the Lambda API.
    pub(crate) invoke: Summary,
    pub(crate) added_p50: f64,
    pub(crate) added_p99: f64,
    pub(crate) ratio_p50: f64,
    pub(crate) throughput: Vec<Throughput>,
    /// Of the hungriest environment of the MCP function, after all of the above.
    pub(crate) peak_memory_mib: Option<f64>,
    pub(crate) dynamodb_requests_per_call: f64,
}

/// Calls of a tool from several clients at once.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Throughput {
    pub(crate) connections: usize,
    pub(crate) calls_per_second: f64,
}

/// Fills a catalog with `count` tools and measures what using them costs.
pub(crate) async fn measure(binaries: &Path, count: usize, calls: usize) -> Result<Catalog> {
    let folder = tempfile::tempdir()?;
    let data = Data::Dir(folder.path().to_path_buf());
    let cloud = cloud::start(binaries, data.clone(), false).await?;
    let measured = measure_times(&cloud, count, calls).await;
    cloud.shutdown().await;
    let mut catalog = measured?;

    // Counting puts a proxy before DynamoDB, so that times are not taken while it counts.
    let cloud = cloud::start(binaries, data, true).await?;
    let counted = dynamodb_requests_per_call(&cloud, count, calls).await;
    cloud.shutdown().await;
    catalog.dynamodb_requests_per_call = counted?;
    Ok(catalog)
}

/// Everything but the requests to DynamoDB.
async fn measure_times(cloud: &LocalCloud, count: usize, calls: usize) -> Result<Catalog> {
    let endpoints = cloud.endpoints();
    let mcp: Uri = endpoints.mcp_url.parse()?;
    let register: Uri = endpoints.registration_url.parse()?;
    let lambda: Uri = endpoints.lambda_endpoint.parse()?;

    let register_time = register_all(&register, count).await?;
    let mut connection = Connection::open(&mcp).await?;
    let (list_pages, list_time) = list_all(&mut connection, &mcp, count).await?;

    let call = call_of_last(&mcp, count)?;
    let invoke = requests::direct_invoke(&lambda)?;
    warm_up(&mut connection, &call).await?;
    let (call_times, invoke_times) =
        in_turns(&mut connection, &call, &lambda, &invoke, calls).await?;
    let mut throughput = Vec::new();
    for connections in CONNECTIONS {
        throughput.push(measure_throughput(&mcp, &call, connections, calls).await?);
    }
    Ok(Catalog {
        registrations: count,
        register_seconds: register_time.as_secs_f64(),
        list_pages,
        list_seconds: list_time.as_secs_f64(),
        call: call_times,
        invoke: invoke_times,
        added_p50: call_times.p50 - invoke_times.p50,
        added_p99: call_times.p99 - invoke_times.p99,
        ratio_p50: call_times.p50 / invoke_times.p50,
        throughput,
        peak_memory_mib: function::peak_memory_mib(cloud.host(), &cloud::mcp_function(cloud)?),
        dynamodb_requests_per_call: 0.0,
    })
}

/// A call of the tool that was registered last: nothing about it is cheaper than about any other.
fn call_of_last(mcp: &Uri, count: usize) -> Result<Request<Bytes>> {
    requests::tools_call(mcp, &tool_name(count.saturating_sub(1)))
}

/// The name of the tool with this number; names sort by number.
fn tool_name(number: usize) -> String {
    format!("tool-{number:06}")
}

/// Registers `count` tools through the registration function, as an administrator would.
async fn register_all(url: &Uri, count: usize) -> Result<Duration> {
    let next = Arc::new(AtomicUsize::new(0));
    let start = Instant::now();
    let mut writers = JoinSet::new();
    for _ in 0..REGISTERING {
        let (url, next) = (url.clone(), Arc::clone(&next));
        writers.spawn(async move {
            let mut connection = Connection::open(&url).await?;
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return anyhow::Ok(());
                }
                let name = tool_name(number);
                let reply = connection.send(requests::register(&url, &name)?).await?;
                reply
                    .json()
                    .with_context(|| format!("registering {name}"))?;
            }
        });
    }
    while let Some(writer) = writers.join_next().await {
        writer??;
    }
    Ok(start.elapsed())
}

/// Lists every tool page by page, and errors when one of the `count` registered ones is missing or listed twice.
async fn list_all(
    connection: &mut Connection,
    url: &Uri,
    count: usize,
) -> Result<(usize, Duration)> {
    let start = Instant::now();
    let mut cursor: Option<String> = None;
    let mut listed = 0;
    for page in 1..=MAX_PAGES {
        let answer = connection
            .send(requests::tools_list(url, cursor.as_deref())?)
            .await?
            .json()?;
        let tools = answer["result"]["tools"]
            .as_array()
            .with_context(|| format!("no tools in {answer}"))?;
        for tool in tools {
            if tool["name"]
                .as_str()
                .is_some_and(|name| name == tool_name(listed))
            {
                listed += 1;
            }
        }
        cursor = answer["result"]["nextCursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            ensure!(
                listed == count,
                "{listed} of {count} registered tools were listed in order"
            );
            return Ok((page, start.elapsed()));
        }
    }
    anyhow::bail!("the list of tools does not end")
}

/// Calls a tool until it is warm, and errors when an answer is not the tool's.
async fn warm_up(connection: &mut Connection, call: &Request<Bytes>) -> Result<()> {
    for _ in 0..WARM_UP {
        let answer = connection.send(call.clone()).await?.json()?;
        ensure!(
            answer["result"]["content"][0]["text"].is_string(),
            "not a tool's answer: {answer}"
        );
        ensure!(
            answer["result"]["isError"] != true,
            "the tool failed: {answer}"
        );
    }
    Ok(())
}

/// Calls the tool through MCP and invokes its function directly, in turns, each on a connection of its own.
async fn in_turns(
    connection: &mut Connection,
    call: &Request<Bytes>,
    lambda: &Uri,
    invoke: &Request<Bytes>,
    calls: usize,
) -> Result<(Summary, Summary)> {
    let mut direct = Connection::open(lambda).await?;
    let (mut call_times, mut invoke_times) = (Samples::default(), Samples::default());
    for _ in 0..calls {
        call_times.add(timed(connection, call).await?);
        invoke_times.add(timed(&mut direct, invoke).await?);
    }
    let summary = |samples: Samples| samples.summary().context("no calls were measured");
    Ok((summary(call_times)?, summary(invoke_times)?))
}

/// How long one request takes until the last byte of its answer.
async fn timed(connection: &mut Connection, request: &Request<Bytes>) -> Result<Duration> {
    let request = request.clone();
    let start = Instant::now();
    let reply = connection.send(request).await?;
    let elapsed = start.elapsed();
    ensure!(
        reply.status.is_success(),
        "status {}: {}",
        reply.status,
        String::from_utf8_lossy(&reply.body)
    );
    Ok(elapsed)
}

/// Requests to DynamoDB that a warm call makes.
async fn dynamodb_requests_per_call(cloud: &LocalCloud, count: usize, calls: usize) -> Result<f64> {
    let mcp: Uri = cloud.endpoints().mcp_url.parse()?;
    let call = call_of_last(&mcp, count)?;
    let mut connection = Connection::open(&mcp).await?;
    warm_up(&mut connection, &call).await?;
    let before = cloud.dynamodb_requests();
    for _ in 0..calls {
        timed(&mut connection, &call).await?;
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of a benchmark: far below 2^52"
    )]
    Ok((cloud.dynamodb_requests() - before) as f64 / calls as f64)
}

/// Calls per second from `connections` clients, each waiting for its answer before the next call.
async fn measure_throughput(
    url: &Uri,
    call: &Request<Bytes>,
    connections: usize,
    calls: usize,
) -> Result<Throughput> {
    let mut clients = Vec::new();
    for _ in 0..connections {
        let mut client = Connection::open(url).await?;
        timed(&mut client, call).await?;
        clients.push(client);
    }
    let start = Instant::now();
    let mut running = JoinSet::new();
    for mut client in clients {
        let call = call.clone();
        running.spawn(async move {
            for _ in 0..calls {
                timed(&mut client, &call).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(client) = running.join_next().await {
        client??;
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of a benchmark: far below 2^52"
    )]
    let done = (connections * calls) as f64;
    Ok(Throughput {
        connections,
        calls_per_second: done / start.elapsed().as_secs_f64(),
    })
}
