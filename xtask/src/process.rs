//! Running other programs: one place that says which command line failed, and how.

use std::fmt::Write as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{env, io, thread};

use anyhow::{Context, Result, bail};

use crate::paths;

/// How long a program may take to end after it was asked to.
const GRACE: Duration = Duration::from_secs(10);

/// The cargo that runs this program, so that a chosen toolchain stays chosen, in the workspace.
///
/// Without what it tells this program of its own package: the build scripts of some crates look at these variables, and
/// everything above such a crate would be compiled anew whenever somebody calls cargo themselves in between.
pub(crate) fn cargo() -> Command {
    let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(paths::workspace_root());
    for (name, _) in env::vars_os() {
        let is_about_this_package = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        });
        if is_about_this_package {
            command.env_remove(name);
        }
    }
    command
}

/// Runs `command` to its end with this program's own input and output.
///
/// Errors: the program could not be started, or did not succeed; both name the command line.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = status(command)?;
    if !status.success() {
        bail!("`{}` failed: {status}", describe(command));
    }
    Ok(())
}

/// Runs `command` to its end and answers how it ended.
pub(crate) fn status(command: &mut Command) -> Result<ExitStatus> {
    command
        .status()
        .with_context(|| format!("could not start `{}`", describe(command)))
}

/// Runs `command` and answers what it wrote to standard output.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("could not start `{}`", describe(command)))?;
    if !output.status.success() {
        bail!("`{}` failed: {}", describe(command), output.status);
    }
    String::from_utf8(output.stdout)
        .with_context(|| format!("`{}` did not print UTF-8", describe(command)))
}

/// Whether `program` can be started at all.
pub(crate) fn exists(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}

/// Asks `child` to end as Ctrl-C would, kills it if it does not, and answers how it ended.
pub(crate) fn terminate(child: &mut Child) -> Result<ExitStatus> {
    if cfg!(unix) {
        // The standard library can only kill; the system's own `kill` asks.
        status(
            Command::new("kill")
                .args(["-TERM", &child.id().to_string()])
                .stderr(Stdio::null()),
        )?;
        let asked = Instant::now();
        while asked.elapsed() < GRACE {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
    child.kill()?;
    Ok(child.wait()?)
}

/// Hands this process over to `command`, so that signals and exit code are the program's own.
#[cfg(unix)]
pub(crate) fn replace_with(command: &mut Command) -> Result<std::process::ExitCode> {
    use std::os::unix::process::CommandExt as _;
    let error: io::Error = command.exec();
    Err(error).with_context(|| format!("could not start `{}`", describe(command)))
}

/// Runs `command` and answers its exit code; Ctrl-C reaches both processes of the console's group.
#[cfg(not(unix))]
pub(crate) fn replace_with(command: &mut Command) -> Result<std::process::ExitCode> {
    let code = status(command)?
        .code()
        .and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(
        std::process::ExitCode::FAILURE,
        std::process::ExitCode::from,
    ))
}

/// The command line as a person would type it, near enough to be tried.
fn describe(command: &Command) -> String {
    let mut line = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        let argument = argument.to_string_lossy();
        // Writing to a String cannot fail.
        let _ = if argument.contains(char::is_whitespace) {
            write!(line, " '{argument}'")
        } else {
            write!(line, " {argument}")
        };
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_is_printed_as_typed() {
        let mut command = Command::new("cargo");
        command.args(["run", "--", "a b"]);
        assert_eq!(describe(&command), "cargo run -- 'a b'");
    }

    #[test]
    fn a_program_that_cannot_start_is_named() {
        let error = run(&mut Command::new("no-such-program-here")).unwrap_err();
        assert_eq!(error.to_string(), "could not start `no-such-program-here`");
    }
}
