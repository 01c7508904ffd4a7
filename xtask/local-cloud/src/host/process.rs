//! The child process of an execution environment: its variables, its output, its end.

use std::ffi::OsString;
use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};

use super::HostSettings;
use crate::function::{FunctionSpec, REGION};

/// The developer's variables that a function may see. Everything else stays outside, AWS credentials above all.
const INHERITED: [&str; 7] = [
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "TEMP",
    "SYSTEMROOT",
];

/// Starts `spec`'s program with Lambda's variables, pointed at the Runtime API at `runtime_api` (`host:port`).
pub(crate) fn start(
    spec: &FunctionSpec,
    settings: &HostSettings,
    runtime_api: &str,
    log_stream: &str,
) -> std::io::Result<Child> {
    // `FunctionSpec::validate` has seen that there is a program.
    let (program, arguments) = spec
        .command
        .split_first()
        .ok_or(std::io::ErrorKind::InvalidInput)?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .envs(
            INHERITED
                .iter()
                .filter_map(|name| Some((name, std::env::var_os(name)?))),
        )
        .envs(&settings.environment)
        .envs(&spec.environment)
        .envs(lambda_variables(spec, runtime_api, log_stream))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    // In a group of its own, Ctrl-C at the terminal reaches only the host, which then ends its children in order.
    #[cfg(unix)]
    command.process_group(0);
    command.spawn()
}

/// The variables that Lambda itself sets for a custom runtime.
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>
fn lambda_variables(
    spec: &FunctionSpec,
    runtime_api: &str,
    log_stream: &str,
) -> impl IntoIterator<Item = (&'static str, OsString)> {
    let task_root = std::env::current_dir().map_or_else(|_| OsString::from("."), Into::into);
    [
        ("AWS_LAMBDA_RUNTIME_API", runtime_api.into()),
        ("AWS_LAMBDA_FUNCTION_NAME", spec.name.clone().into()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".into()),
        (
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            spec.memory_mb.to_string().into(),
        ),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".into()),
        (
            "AWS_LAMBDA_LOG_GROUP_NAME",
            format!("/aws/lambda/{}", spec.name).into(),
        ),
        ("AWS_LAMBDA_LOG_STREAM_NAME", log_stream.into()),
        ("AWS_REGION", REGION.into()),
        ("AWS_DEFAULT_REGION", REGION.into()),
        ("_HANDLER", "bootstrap".into()),
        ("LAMBDA_TASK_ROOT", task_root),
        ("TZ", ":UTC".into()),
    ]
}

/// Hands every line of `output` to `write` until the process closes it. Bytes that are not UTF-8 are replaced.
pub(crate) async fn forward_lines(output: impl AsyncRead + Unpin, write: impl Fn(&str)) {
    let mut reader = BufReader::new(output);
    let mut line = Vec::new();
    while let Ok(1..) = reader.read_until(b'\n', &mut line).await {
        let text = String::from_utf8_lossy(&line);
        write(text.trim_end_matches(['\n', '\r']));
        line.clear();
    }
}

/// How Lambda words a process's end, as in `Runtime exited with error: exit status 1`.
pub(crate) fn describe_exit(status: ExitStatus) -> String {
    if status.success() {
        return "Runtime exited without providing a reason".to_owned();
    }
    if let Some(code) = status.code() {
        return format!("Runtime exited with error: exit status {code}");
    }
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        let name = match signal {
            6 => "aborted".to_owned(),
            9 => "killed".to_owned(),
            11 => "segmentation fault".to_owned(),
            15 => "terminated".to_owned(),
            other => other.to_string(),
        };
        return format!("Runtime exited with error: signal: {name}");
    }
    "Runtime exited with error".to_owned()
}

/// Kills the process group that `pid` leads: a command may be a script that runs the real program.
pub(crate) fn kill_group(pid: u32) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw)
    {
        // An error means that the group has ended already.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    #[cfg(not(unix))]
    let _ = pid;
}
