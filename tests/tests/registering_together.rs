//! Two administrators at once: neither overwrites the other, and everything is counted.

use anyhow::{Context, Result, ensure};
use futures_util::future::try_join3;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use support::functions::{function, tool};
use support::http::json_request;
use support::{Http, Reply, TestCloud};

const REGISTRATIONS: usize = 2_000;
/// As many as one batch can hold.
const BATCH: usize = 40;
/// Every so many registrations is patched as well.
const PATCHED: usize = 10;

fn name(number: usize) -> String {
    format!("shared-{number:04}")
}

/// Sends a request until the server is not too busy to do it.
async fn send(http: &Http, method: Method, url: &str, body: &Value) -> Result<Reply> {
    loop {
        let reply = http.send(json_request(method.clone(), url, body)?).await?;
        if reply.status != StatusCode::SERVICE_UNAVAILABLE {
            return Ok(reply);
        }
        ensure!(!reply.header("retry-after").is_empty());
    }
}

async fn batch(http: &Http, url: &str, operations: Vec<Value>) -> Result<Reply> {
    let body = json!({ "operations": operations });
    send(http, Method::POST, &format!("{url}:batch"), &body).await
}

/// Counts every registration up by one, on the condition that it still is as it was read. Answers how often that was
/// refused.
async fn count_up(url: &str) -> Result<usize> {
    let http = Http::new();
    let mut refused = 0;
    let mut cursor = String::new();
    loop {
        let page = format!("{url}?type=tool&include=etag&limit={BATCH}&cursor={cursor}");
        let page = http.get(&page).await?.json()?;
        let registrations = page["registrations"].as_array().context("no list")?;
        let operations = registrations.iter().map(|registration| {
            let mut registration = registration.clone();
            let id = registration["id"].as_str().unwrap_or_default().to_owned();
            let count = registration["_meta"]["count"].as_u64().unwrap_or_default();
            registration["_meta"]["count"] = json!(count + 1);
            json!({ "op": "replace", "registration": registration, "ifMatch": page["details"][&id]["etag"] })
        });
        let reply = batch(&http, url, operations.collect()).await?;
        match reply.status.as_u16() {
            200 => match page["nextCursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => return Ok(refused),
            },
            412 => refused += 1,
            status => anyhow::bail!("{status}: {}", reply.text()?),
        }
    }
}

/// Marks some registrations, without a condition.
async fn mark(url: &str) -> Result<()> {
    let http = Http::new();
    for number in (0..REGISTRATIONS).step_by(PATCHED) {
        let one = format!("{url}/tool-{}", name(number));
        let patch = json!({ "_meta": { "mark": number } });
        let reply = send(&http, Method::PATCH, &one, &patch).await?;
        ensure!(reply.status == 200, "{}", reply.text()?);
    }
    Ok(())
}

#[tokio::test]
async fn no_update_is_lost_and_the_catalogs_version_is_exact() -> Result<()> {
    let cloud = TestCloud::start_with(|config| {
        config.sample = false;
        config.tools = vec![function("echo", env!("CARGO_BIN_EXE_puppet"), &["echo"])];
    })
    .await?;
    let url = cloud.url("/register");
    for first in (0..REGISTRATIONS).step_by(BATCH) {
        let operations = (first..first + BATCH).map(|number| {
            let mut registration = tool(&name(number), "echo");
            registration["_meta"] = json!({ "count": 0 });
            json!({ "op": "create", "registration": registration })
        });
        let reply = batch(cloud.http(), &url, operations.collect()).await?;
        ensure!(reply.status == 200, "{}", reply.text()?);
    }

    let (refused, others, ()) = try_join3(count_up(&url), count_up(&url), mark(&url)).await?;
    assert!(refused + others > 0, "they never met, which proves nothing");

    let list = cloud.http().get(&format!("{url}?limit=1000")).await?;
    let next = list.json()?["nextCursor"].as_str().map(str::to_owned);
    let rest = format!("{url}?limit=1000&cursor={}", next.context("no cursor")?);
    let rest = cloud.http().get(&rest).await?;
    // A version for each batch that was made, and each patch.
    let batches = REGISTRATIONS / BATCH;
    let versions = 3 * batches + REGISTRATIONS / PATCHED;
    assert_eq!(rest.header("etag"), format!("\"{versions}\""));
    let mut seen = 0;
    for page in [list.json()?, rest.json()?] {
        for registration in page["registrations"].as_array().context("no list")? {
            assert_eq!(registration["_meta"]["count"], 2, "{registration}");
            let is_marked = registration["_meta"].get("mark") == Some(&json!(seen));
            assert_eq!(is_marked, seen % PATCHED == 0, "{registration}");
            seen += 1;
        }
    }
    assert_eq!(seen, REGISTRATIONS);
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_stale_patch_is_refused_and_the_record_says_who_came_first() -> Result<()> {
    use local_cloud::Auth;
    use support::signing::Signer;

    let cloud = TestCloud::start_with(|config| {
        config.auth = Auth::Iam;
        config.users = vec!["alice".to_owned(), "bob".to_owned()];
    })
    .await?;
    let one = cloud.url("/register/tool-hello");
    let users = cloud.cloud().users();
    let send =
        async |user: usize, method: Method, url: &str, headers: &[(&str, &str)], body: &Value| {
            let keys = &users[user].credentials;
            let token = keys.session_token.as_deref();
            let signer = Signer::new(&keys.access_key_id, &keys.secret_access_key, token);
            let mut request = json_request(method, url, body)?;
            for (name, value) in headers {
                let name: http::HeaderName = name.parse()?;
                request.headers_mut().insert(name, value.parse()?);
            }
            cloud.http().send(signer.sign(request)?).await
        };
    let read = send(1, Method::GET, &one, &[], &json!({})).await?;
    let tag = read.header("etag").to_owned();
    let condition = [("if-match", tag.as_str())];
    let patch = |title: &str| json!({ "title": title });
    let first = send(0, Method::PATCH, &one, &condition, &patch("Alice's")).await?;
    assert_eq!(first.status, 200, "{}", first.text()?);
    let second = send(1, Method::PATCH, &one, &condition, &patch("Bob's")).await?;
    assert_eq!(second.status, 412, "{}", second.text()?);
    assert_eq!(second.header("etag"), first.header("etag"));

    let changes = format!("{one}/changes?limit=1");
    let changes = send(1, Method::GET, &changes, &[], &json!({})).await?;
    let change = &changes.json()?["changes"][0];
    assert_eq!(change["by"], json!(users[0].arn));
    assert_eq!(change["action"], "patch");
    assert_eq!(change["before"]["title"], read.json()?["title"]);
    assert_eq!(change["after"]["title"], "Alice's");
    cloud.shutdown().await;
    Ok(())
}
