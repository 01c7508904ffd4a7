//! The local cloud that is measured in, and the functions added to it.

use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, Result};
use bytes::Bytes;
use http::{Request, Uri};
use local_cloud::{Config, Data, FunctionSpec, LocalCloud, LogSink};

use crate::cold_start::Candidate;
use crate::{event, requests};

/// What the functions' own URLs are taken to be; they are invoked without one.
const URL: &str = "http://bench.lambda-url.us-east-1.on.aws/mcp";

/// A program to measure beside the functions, as `NAME=COMMAND`.
#[derive(Debug, Clone)]
pub(crate) struct Compared {
    name: String,
    command: Vec<String>,
}

impl FromStr for Compared {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, command) = text.split_once('=').ok_or("must be NAME=COMMAND")?;
        let command = shlex::split(command).ok_or("the command's quotes are not closed")?;
        if name.is_empty() || command.is_empty() {
            return Err("must be NAME=COMMAND".to_owned());
        }
        Ok(Self {
            name: name.to_owned(),
            command,
        })
    }
}

/// What is asked of which function.
pub(crate) struct Functions {
    pub(crate) cold: Vec<Candidate>,
    pub(crate) warm: Vec<Candidate>,
}

/// Starts a local cloud on a free port with the sample; the functions' logs go nowhere.
///
/// `count` has requests to DynamoDB counted, which slows them down.
pub(crate) async fn start(binaries: &Path, data: Data, count: bool) -> Result<LocalCloud> {
    let config = Config {
        data,
        logs: LogSink::Discard,
        count_dynamodb_requests: count,
        ..Config::new(binaries)
    };
    LocalCloud::start(config)
        .await
        .context("the local cloud did not start")
}

/// The host's name of the function whose program is `binary`.
fn function_of(cloud: &LocalCloud, binary: &str) -> Result<FunctionSpec> {
    cloud
        .host()
        .functions()
        .into_iter()
        .find(|function| {
            let program = function.command.first().map(Path::new);
            program
                .and_then(Path::file_stem)
                .is_some_and(|name| name == binary)
        })
        .with_context(|| format!("the local cloud runs no function from the binary {binary}"))
}

/// The name of the MCP function.
pub(crate) fn mcp_function(cloud: &LocalCloud) -> Result<String> {
    Ok(function_of(cloud, "mcp")?.name)
}

/// The memory of the MCP function, in MB.
pub(crate) fn mcp_memory_mb(cloud: &LocalCloud) -> Result<u32> {
    Ok(function_of(cloud, "mcp")?.memory_mb)
}

/// Adds the bench's own functions and the compared programs to the host, beside the cloud's.
pub(crate) fn add_functions(
    cloud: &LocalCloud,
    binaries: &Path,
    compared: &[Compared],
) -> Result<Functions> {
    let url = Uri::from_static(URL);
    let discover = requests::mcp(&url, "server/discover")?;
    let mcp = function_of(cloud, "mcp")?;
    let registration = function_of(cloud, "registration")?;
    let candidate = |name: &str, function: &str, request: &Request<Bytes>| Candidate {
        name: name.to_owned(),
        function: function.to_owned(),
        event: event::from_request(request),
    };

    for binary in ["empty-handler", "stream-handler"] {
        let program = binaries
            .join(binary)
            .with_extension(std::env::consts::EXE_EXTENSION);
        cloud.host().add(FunctionSpec::new(
            binary,
            vec![program.to_string_lossy().into_owned()],
        ))?;
    }
    let mut cold = vec![
        candidate("empty-handler", "empty-handler", &discover),
        candidate("mcp, server/discover", &mcp.name, &discover),
        candidate(
            "mcp, tools/list",
            &mcp.name,
            &requests::tools_list(&url, None)?,
        ),
        candidate(
            "mcp, tools/call",
            &mcp.name,
            &requests::tools_call(&url, "hello")?,
        ),
        candidate(
            "registration, GET of one",
            &registration.name,
            &requests::unknown_registration(&url)?,
        ),
    ];
    let mut warm = vec![
        candidate("empty-handler (buffered)", "empty-handler", &discover),
        candidate("stream-handler (as it ships)", "stream-handler", &discover),
        candidate("mcp, server/discover (streamed)", &mcp.name, &discover),
    ];
    for Compared { name, command } in compared {
        // The MCP function's settings, so that another implementation finds the tables.
        let function = format!("compared-{name}");
        cloud.host().add(FunctionSpec {
            name: function.clone(),
            command: command.clone(),
            ..mcp.clone()
        })?;
        cold.push(candidate(name, &function, &discover));
        warm.push(candidate(name, &function, &discover));
    }
    Ok(Functions { cold, warm })
}
