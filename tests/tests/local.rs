//! The local cloud as a program with the real functions: what it keeps, what it is told, and how it fails.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use local_cloud::Endpoints;
use serde_json::{Value, json};
use support::cloud::binaries;
use support::functions::{function, tool};
use support::mcp::ModernClient;
use support::{Http, TestCloud};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// What a hang is told by.
const PATIENCE: Duration = Duration::from_mins(1);
const PUPPET: &str = env!("CARGO_BIN_EXE_puppet");

/// A `local-cloud` process and a client of it.
struct Program {
    child: Child,
    endpoints: Endpoints,
    http: Http,
}

fn command(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program("local-cloud"));
    command
        .args(["--port", "0", "--format", "json", "--data"])
        .arg(data)
        .args(arguments)
        .current_dir(data)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

fn program(name: &str) -> std::path::PathBuf {
    binaries()
        .join(name)
        .with_extension(std::env::consts::EXE_EXTENSION)
}

impl Program {
    async fn start(data: &Path, arguments: &[&str]) -> Result<Self> {
        Self::started(&mut command(data, arguments)).await
    }

    async fn started(command: &mut Command) -> Result<Self> {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let output = child.stdout.take().context("no output")?;
        let mut lines = BufReader::new(output).lines();
        let line = tokio::time::timeout(PATIENCE, lines.next_line()).await??;
        let endpoints = serde_json::from_str(&line.context("it ended")?)?;
        Ok(Self {
            child,
            endpoints,
            http: Http::new(),
        })
    }

    /// The error with which it does not start.
    async fn refusal(data: &Path, arguments: &[&str]) -> Result<String> {
        let output = command(data, arguments).output();
        let output = tokio::time::timeout(PATIENCE, output).await??;
        ensure!(output.status.code() == Some(1), "{}", output.status);
        let text = String::from_utf8(output.stderr)?;
        let error = text.lines().find(|line| line.starts_with("error: "));
        Ok(error.context("no line says why")?.to_owned())
    }

    /// Ends it as a power failure does.
    async fn kill(mut self) -> Result<()> {
        self.child.kill().await?;
        Ok(())
    }

    async fn post(&self, registration: &Value) -> Result<()> {
        let reply = self
            .http
            .post(&self.endpoints.registration_url, registration)
            .await?;
        ensure!(reply.status == 201, "{}", reply.text()?);
        Ok(())
    }

    async fn ids(&self) -> Result<Vec<String>> {
        let list = self
            .http
            .get(&self.endpoints.registration_url)
            .await?
            .json()?;
        let registrations = list["registrations"].as_array().context("no list")?;
        let ids = registrations.iter().filter_map(|one| one["id"].as_str());
        Ok(ids.map(str::to_owned).collect())
    }

    async fn call(&self, name: &str, arguments: Value) -> Result<Value> {
        let client = ModernClient::new(self.http.clone(), &self.endpoints.mcp_url);
        let params = json!({ "name": name, "arguments": arguments });
        client.call("tools/call", params).await
    }
}

#[tokio::test]
async fn what_was_registered_survives_a_kill() -> Result<()> {
    let data = TempDir::new()?;
    let sample = ["tool-hello", "resource-hello-text", "prompt-greet"];
    let first = Program::start(data.path(), &[]).await?;
    assert_eq!(first.ids().await?, sample);
    first.post(&tool("kept", "mcp-tool-hello")).await?;
    // The sample is only put there on the first start: what was removed stays removed.
    let prompt = format!("{}/prompt-greet", first.endpoints.registration_url);
    assert_eq!(first.http.delete(&prompt).await?.status, 204);
    // Killed with the answer just read: what was answered is on the disk.
    first.kill().await?;

    let second = Program::start(data.path(), &["--no-sample"]).await?;
    assert_eq!(
        second.ids().await?,
        ["tool-hello", "tool-kept", "resource-hello-text"]
    );
    second.kill().await?;

    let third = Program::start(data.path(), &[]).await?;
    let answer = third.call("kept", json!({ "name": "Ada" })).await?;
    assert_eq!(
        answer["result"]["content"][0]["text"], "Hello, Ada!",
        "{answer}"
    );
    third.kill().await
}

#[tokio::test]
async fn tools_and_their_registrations_come_by_the_command_line() -> Result<()> {
    let data = TempDir::new()?;
    let file = data.path().join("registrations.json");
    let registrations = json!([tool("first", "mine"), tool("second", "mine")]);
    fs_err::write(&file, registrations.to_string())?;
    let mine = format!("mine={PUPPET} reply '\"with spaces\"'");
    let file = file.to_str().context("not UTF-8")?;
    let arguments = ["--tool", &mine, "--register", file, "--no-sample"];
    for _ in 0..2 {
        let program = Program::start(data.path(), &arguments).await?;
        assert_eq!(program.ids().await?, ["tool-first", "tool-second"]);
        let answer = program.call("second", json!({})).await?;
        assert_eq!(answer["result"]["content"][0]["text"], "with spaces");
        program.kill().await?;
    }
    Ok(())
}

#[tokio::test]
async fn what_can_not_run_is_said_in_one_line() -> Result<()> {
    let data = TempDir::new()?;
    let running = Program::start(data.path(), &["--no-sample"]).await?;
    let (_, port) = running
        .endpoints
        .lambda_endpoint
        .rsplit_once(':')
        .context("no port")?;
    let other = TempDir::new()?;
    let folder = data.path().to_str().context("not UTF-8")?;
    let broken = other.path().join("broken.json");
    fs_err::write(&broken, r#"{"type":"tool","name":"a/b"}"#)?;
    let broken = broken.to_str().context("not UTF-8")?;
    let error = Program::refusal(other.path(), &["--port", port]).await?;
    assert_eq!(
        error,
        format!("error: port {port} is already in use; choose another with --port")
    );
    let error = Program::refusal(other.path(), &["--data", folder]).await?;
    assert!(error.contains("another local cloud is using"), "{error}");
    let error = Program::refusal(other.path(), &["--tool", "mine=no-such-program"]).await?;
    assert!(
        error.contains("function mine: can't start no-such-program"),
        "{error}"
    );
    let error = Program::refusal(other.path(), &["--register", broken]).await?;
    assert!(
        error.contains("broken.json") && error.contains("a/b"),
        "{error}"
    );
    assert!(
        error.contains("name") && error.contains("lambdaArn"),
        "{error}"
    );
    running.kill().await
}

/// A folder in which the product's programs are `names`' real ones, and the others one that ends at once.
fn programs_but(names: &[&str]) -> Result<TempDir> {
    let folder = TempDir::new()?;
    for name in ["mcp", "registration", "sample"] {
        // Without arguments `xtask` prints how to use it and ends.
        let source = program(if names.contains(&name) { name } else { "xtask" });
        let target = folder.path().join(name);
        let target = target.with_extension(std::env::consts::EXE_EXTENSION);
        if fs_err::hard_link(&source, &target).is_err() {
            fs_err::copy(&source, &target)?;
        }
    }
    Ok(folder)
}

#[tokio::test]
async fn a_function_that_ends_at_init_is_a_502() -> Result<()> {
    for (works, path) in [("registration", "/mcp"), ("mcp", "/register")] {
        let programs = programs_but(&[works])?;
        let cloud = TestCloud::start_with(|config| {
            config.binaries = programs.path().to_owned();
            config.sample = false;
            config.warm = false;
        })
        .await?;
        let (url, nothing) = (cloud.url(path), json!({}));
        for _ in 0..2 {
            let sent = cloud.http().post(&url, &nothing);
            let reply = tokio::time::timeout(PATIENCE, sent).await??;
            assert_eq!(reply.status, 502, "{path}");
        }
        cloud.shutdown().await;
    }
    Ok(())
}

#[tokio::test]
async fn a_tool_that_ends_at_init_fails_its_calls_and_nothing_else() -> Result<()> {
    let ends = program("xtask");
    let ends = ends.to_str().context("not UTF-8")?;
    let cloud = TestCloud::start_with(|config| {
        config.warm = false;
        config.tools = vec![function("ends", ends, &[])];
    })
    .await?;
    cloud.register(&tool("ends", "ends")).await?;
    for _ in 0..2 {
        let call = cloud.call_tool("ends", json!({}));
        let answer = tokio::time::timeout(PATIENCE, call).await??;
        assert_eq!(answer["result"]["isError"], true);
        assert_eq!(
            answer["result"]["content"][0]["text"],
            "tool `ends` failed while it ran"
        );
        let answer = cloud.call_tool("hello", json!({ "name": "Ada" })).await?;
        assert_eq!(answer["result"]["content"][0]["text"], "Hello, Ada!");
    }
    cloud.shutdown().await;
    Ok(())
}

/// The first command of the README goes this way: the checkout is published to the repository on this machine, and the
/// functions run from what that repository serves.
#[tokio::test]
async fn the_functions_run_from_what_was_published_here() -> Result<()> {
    let data = TempDir::new()?;
    let release = program("release");
    let release = release.to_str().context("the path is not UTF-8")?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let root = root.context("the tests lie in the checkout")?;
    for auth in ["none", "iam"] {
        let mut command = command(data.path(), &["--publisher", release, "--auth", auth]);
        let cloud = Program::started(command.current_dir(root)).await?;
        for function in ["McpFunction", "RegistrationFunction"] {
            let program = data.path().join("programs").join(function);
            ensure!(program.is_file(), "{function} was not read back");
        }
        if auth == "none" {
            let result = cloud.call("hello", json!({ "name": "Ada" })).await?;
            assert_eq!(result["result"]["content"][0]["text"], "Hello, Ada!");
        }
        cloud.kill().await?;
    }
    // Both times the same content: one version, published once.
    let state = fs_err::read_to_string(data.path().join("serverlessrepo/applications.json"))?;
    let state: Value = serde_json::from_str(&state)?;
    let versions = state["applications"]["mcp-lambda-sam"]["versions"].clone();
    let count = versions.as_object().map(serde_json::Map::len);
    assert_eq!(count, Some(1), "{versions}");
    Ok(())
}
