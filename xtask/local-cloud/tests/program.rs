//! The `local-cloud` program: what it prints, its exit codes, its end.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod support;

use std::path::Path;
use std::process::{Output, Stdio};

use local_cloud::Endpoints;
use serde_json::json;
use support::*;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// `local-cloud` in a folder of its own, with the test function as every program.
struct Setup {
    programs: tempfile::TempDir,
    folder: tempfile::TempDir,
}

impl Setup {
    fn new() -> Self {
        Self {
            programs: programs(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_local-cloud"));
        command
            .args(["--port", "0", "--no-sample", "--binaries"])
            .arg(self.programs.path())
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        tokio::time::timeout(PATIENCE, self.command(arguments).output())
            .await
            .unwrap()
            .unwrap()
    }

    /// Starts it and reads the line that says where everything is.
    async fn start(&self, arguments: &[&str]) -> (Child, Endpoints) {
        let mut command = self.command(arguments);
        let mut child = command
            .args(["--format", "json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = tokio::time::timeout(PATIENCE, lines.next_line())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        (child, serde_json::from_str(&line).unwrap())
    }

    fn endpoints_file(&self, folder: &str) -> std::path::PathBuf {
        self.folder.path().join(folder).join("endpoints.json")
    }
}

fn error_line(output: &Output) -> String {
    assert!(output.stdout.is_empty());
    let text = String::from_utf8_lossy(&output.stderr);
    let errors: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("error: "))
        .collect();
    assert_eq!(errors.len(), 1, "{text}");
    format!("{} {}", output.status.code().unwrap(), errors[0])
}

async fn end(child: &mut Child, signal: rustix::process::Signal) -> Option<i32> {
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
    tokio::time::timeout(PATIENCE, child.wait())
        .await
        .unwrap()
        .unwrap()
        .code()
}

async fn pid_of_function(endpoints: &Endpoints) -> u32 {
    let (_, port) = endpoints.lambda_endpoint.rsplit_once(':').unwrap();
    let response = send(
        port.parse().unwrap(),
        post("/2015-03-31/functions/default-mcp/invocations", &json!({})),
    );
    let echo = render(response.await.unwrap(), &[]).await;
    let echo: serde_json::Value = serde_json::from_str(echo.lines().last().unwrap()).unwrap();
    u32::try_from(echo["pid"].as_u64().unwrap()).unwrap()
}

#[tokio::test]
async fn it_serves_until_a_signal_and_leaves_no_process() {
    for signal in [rustix::process::Signal::INT, rustix::process::Signal::TERM] {
        let setup = Setup::new();
        let (mut child, endpoints) = setup.start(&["--data", "kept"]).await;
        assert_eq!(endpoints.pid, child.id().unwrap());
        assert!(endpoints.mcp_url.ends_with("/mcp") && endpoints.sse_url.ends_with("/sse"));
        let file = fs_err::read_to_string(setup.endpoints_file("kept")).unwrap();
        assert_eq!(serde_json::from_str::<Endpoints>(&file).unwrap(), endpoints);
        let pid = pid_of_function(&endpoints).await;
        assert_eq!(end(&mut child, signal).await, Some(0));
        assert!(!Path::new(&format!("/proc/{pid}")).exists());
        assert!(!setup.endpoints_file("kept").exists());
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn functions_end_when_it_is_killed() {
    let setup = Setup::new();
    let (mut child, endpoints) = setup.start(&["--memory"]).await;
    assert!(setup.endpoints_file("target/local").exists());
    let pid = pid_of_function(&endpoints).await;
    assert_eq!(end(&mut child, rustix::process::Signal::KILL).await, None);
    let gone = async {
        while is_running(pid) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.unwrap();
}

#[tokio::test]
async fn what_can_not_be_started_is_one_line_and_exit_code_1() {
    let setup = Setup::new();
    let (_child, endpoints) = setup.start(&["--data", "kept"]).await;
    let (_, port) = endpoints.lambda_endpoint.rsplit_once(':').unwrap();
    let crash = format!("x={} crash", env!("CARGO_BIN_EXE_test-function"));
    let mut outcomes = Vec::new();
    for arguments in [
        &["--memory", "--port", port][..],
        &["--data", "kept"],
        &["--memory", "--tool", "x=/no/such/program 'a b'"],
        &["--memory", "--tool", &crash],
        &["--memory", "--tool", "x=true", "--tool", "x=true"],
        &["--memory", "--register", "missing.json"],
        &["--memory", "--binaries", "nowhere"],
        &["--memory", "--template", "missing.yaml"],
    ] {
        // The last of an option wins, so that the defaults above can be overridden.
        let line = error_line(&setup.run(arguments).await).replace(port, "PORT");
        let line = line
            .split_once("RequestId: ")
            .map_or(line.clone(), |(before, after)| {
                format!("{before}RequestId: ID {}", after.split_once(' ').unwrap().1)
            });
        outcomes.push(line);
    }
    insta::assert_snapshot!(outcomes.join("\n"));
}

#[tokio::test]
async fn usage_errors_are_exit_code_2() {
    let setup = Setup::new();
    for arguments in [
        &["--nope"][..],
        &["--memory", "--data", "x"],
        &["--tool", "x"],
        &["--auth", "maybe"],
    ] {
        let output = setup.run(arguments).await;
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}
