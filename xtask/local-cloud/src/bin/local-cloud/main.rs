//! `local-cloud`: the product on one machine, until Ctrl-C.

mod arguments;
mod ready;

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use local_cloud::{CloudError, LocalCloud, one_line};

use self::arguments::{Arguments, AuthArgument, Format};
use self::ready::Ready;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(line) => {
            eprintln!("error: {line}");
            ExitCode::FAILURE
        }
    }
}

/// Serves until a signal; the error is one line.
async fn run(arguments: Arguments) -> Result<(), String> {
    let interrupted =
        interrupted().map_err(|error| format!("can't listen for signals: {error}"))?;
    tokio::pin!(interrupted);
    let file = arguments.endpoints_file();
    let config = arguments.config().map_err(|error| one_line(&error))?;
    let started = tokio::select! {
        started = LocalCloud::start(config) => started,
        // The processes started so far end with this one.
        () = &mut interrupted => return Ok(()),
    };
    let cloud = started.map_err(|error: CloudError| one_line(&error))?;
    let served = announce(&cloud, &arguments, &file).await;
    if served.is_ok() {
        interrupted.await;
    }
    ready::withdraw(cloud.endpoints(), &file);
    cloud.shutdown().await;
    served
}

async fn announce(cloud: &LocalCloud, arguments: &Arguments, file: &Path) -> Result<(), String> {
    let text = match arguments.format {
        Format::Json => cloud.endpoints().to_json(),
        Format::Text => {
            let registered = cloud
                .registrations()
                .await
                .map_err(|error| one_line(&error))?;
            let data = if arguments.memory {
                "in memory".to_owned()
            } else {
                arguments.data.display().to_string()
            };
            let is_signed = arguments.auth == AuthArgument::Iam;
            let credentials = is_signed.then(|| cloud.credentials());
            Ready {
                endpoints: cloud.endpoints(),
                data,
                credentials,
                registered: &registered,
                published: cloud.published(),
            }
            .text()
        }
    };
    ready::publish(cloud.endpoints(), file).map_err(|error| one_line(&error))?;
    ready::print(&text).map_err(|error| format!("can't write to standard output: {error}"))
}

/// Resolves at Ctrl-C, and on Unix at SIGTERM and SIGHUP.
fn interrupted() -> std::io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hang_up.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        // Without the signal there is nothing to wait for.
        let _ = tokio::signal::ctrl_c().await;
    })
}
