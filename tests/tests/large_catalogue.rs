//! Thousands of registrations: all of them listed, each of them callable, none of them paid for by the others.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use support::functions::{function, processes, tool};
use support::{Http, TestCloud};

const TOOLS: usize = 3_000;
/// Tools that are together larger than the megabyte that one Query of the table answers.
const LARGE_TOOLS: usize = 45;
/// Characters, of four bytes each.
const LONGEST_DESCRIPTION: usize = 8_192;
/// Administrators at work at the same time.
const WRITERS: usize = 2;

fn name(number: usize) -> String {
    format!("tool-{number:05}")
}

/// Registers every `WRITERS`th tool over a connection of its own, again where another writer came first too often.
async fn write(url: &str, first: usize) -> Result<()> {
    let http = Http::new();
    for number in (first..TOOLS).step_by(WRITERS) {
        let mut registration = tool(&name(number), "echo");
        registration["inputSchema"] = json!({
            "type": "object",
            "properties": { "query": { "type": "string", "description": "What to look for" } },
            "required": ["query"],
        });
        loop {
            let reply = http.post(url, &registration).await?;
            if reply.status == 503 {
                ensure!(!reply.header("retry-after").is_empty());
                continue;
            }
            ensure!(reply.status == 201, "{}", reply.text()?);
            break;
        }
    }
    Ok(())
}

/// The names on all pages of `tools/list`.
async fn listed(cloud: &TestCloud) -> Result<Vec<String>> {
    let client = cloud.modern();
    let mut names = Vec::new();
    let mut cursors = BTreeSet::new();
    let mut params = json!({});
    loop {
        let answer = client.call("tools/list", params).await?;
        let tools = answer["result"]["tools"].as_array().context("no tools")?;
        let page = tools.iter().filter_map(|tool| tool["name"].as_str());
        names.extend(page.map(str::to_owned));
        let Some(cursor) = answer["result"]["nextCursor"].as_str() else {
            return Ok(names);
        };
        ensure!(
            cursors.insert(cursor.to_owned()),
            "the list goes in circles"
        );
        params = json!({ "cursor": cursor });
    }
}

/// The most memory a process has had, in KiB.
#[cfg(target_os = "linux")]
fn peak_memory(pid: u32) -> Result<u64> {
    let status = fs_err::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let size = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(size.context("no VmHWM")?.parse()?)
}

#[tokio::test]
async fn thousands_of_tools_are_listed_and_called() -> Result<()> {
    let cloud = TestCloud::start_with(|config| {
        config.sample = false;
        config.count_dynamodb_requests = true;
        config.tools = vec![function("echo", env!("CARGO_BIN_EXE_puppet"), &["echo"])];
    })
    .await?;
    let url = cloud.url("/register");
    try_join_all((0..WRITERS).map(|first| write(&url, first))).await?;

    let expected: Vec<_> = (0..TOOLS).map(name).collect();
    assert_eq!(listed(&cloud).await?, expected);

    let last = name(TOOLS - 1);
    let arguments = json!({ "query": "x" });
    let answer = cloud.call_tool(&last, arguments.clone()).await?;
    let seen = &answer["result"]["structuredContent"]["event"];
    assert_eq!(seen["args"], arguments);
    assert_eq!(seen["extra"]["registration"]["name"], json!(last));

    // An environment that knows the tool asks the table for nothing but the catalog's version.
    assert_eq!(processes(cloud.cloud(), "default-mcp").len(), 1);
    let before = cloud.cloud().dynamodb_requests();
    cloud.call_tool(&last, arguments).await?;
    assert_eq!(cloud.cloud().dynamodb_requests() - before, 1);

    // A list that was read is not read again either.
    let before = cloud.cloud().dynamodb_requests();
    let first = cloud.modern().call("tools/list", json!({})).await?;
    assert_eq!(first["result"]["tools"].as_array().map(Vec::len), Some(200));
    assert_eq!(cloud.cloud().dynamodb_requests() - before, 1);

    #[cfg(target_os = "linux")]
    for pid in processes(cloud.cloud(), "default-mcp") {
        let kib = peak_memory(pid)?;
        assert!(kib < 64 * 1024, "{kib} KiB");
    }
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn everything_of_a_large_catalogue_can_be_administered() -> Result<()> {
    let cloud = TestCloud::start_with(|config| config.sample = false).await?;
    let description = "\u{1f525}".repeat(LONGEST_DESCRIPTION);
    let mut ids = Vec::new();
    for number in 0..LARGE_TOOLS {
        let mut registration = tool(&name(number), "echo");
        registration["description"] = json!(description);
        cloud.register_unseen(&registration).await?;
        ids.push(format!("tool-{}", name(number)));
    }
    for limit in ["", "&limit=7", "&limit=1"] {
        let mut seen: Vec<String> = Vec::new();
        let mut cursor = String::new();
        loop {
            let url = cloud.url(&format!("/register?type=tool{limit}&cursor={cursor}"));
            let page = cloud.http().get(&url).await?.json()?;
            let entries = page["registrations"].as_array().context("no list")?;
            seen.extend(
                entries
                    .iter()
                    .filter_map(|one| one["id"].as_str())
                    .map(str::to_owned),
            );
            match page["nextCursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        assert_eq!(seen, ids, "{limit}");
    }
    let names: Vec<_> = (0..LARGE_TOOLS).map(name).collect();
    assert_eq!(listed(&cloud).await?, names);
    let last: Value = cloud
        .http()
        .get(&cloud.url("/register/tool-tool-00044"))
        .await?
        .json()?;
    assert_eq!(last["description"], json!(description));
    cloud.shutdown().await;
    Ok(())
}
