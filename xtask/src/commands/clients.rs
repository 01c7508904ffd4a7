//! `cargo xtask clients`: real MCP clients against a local cloud, in every era each of them speaks.

mod paged_tools;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use fs_err as fs;

use crate::cloud::{self, RunningCloud};
use crate::tools::{self, PythonEnvironment};
use crate::{fixtures, paths, process};

/// The MCP URL that the README names.
const README_URL: &str = "http://127.0.0.1:9100/mcp";
/// What the README's programs print.
const README_OUTPUT: &str = "Hello, Ada!\n";

/// Run real MCP clients (TypeScript v1 and v2, Python, Rust) against a local cloud; needs Node.js and Python.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Args {
    /// Run only this client; can be given again.
    #[arg(long, value_enum, value_name = "CLIENT")]
    only: Vec<Client>,
    /// Have no two requests meet the same execution environment.
    #[arg(long)]
    fresh_environments: bool,
}

/// A published client library at a pinned version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Client {
    /// npm `@modelcontextprotocol/sdk`.
    TsV1,
    /// npm `@modelcontextprotocol/client`.
    TsV2,
    /// PyPI `mcp`.
    Python,
    /// crates.io `rmcp`.
    Rust,
}

impl Client {
    /// The folder of its script and of its pinned versions, under `tests/clients` and under `target/clients`.
    fn folder(self) -> &'static str {
        match self {
            Self::TsV1 => "ts-v1",
            Self::TsV2 => "ts-v2",
            Self::Python => "python",
            Self::Rust => "rust",
        }
    }

    /// The ways it can be told to talk: protocol revisions, or how it chooses one.
    fn eras(self) -> &'static [&'static str] {
        match self {
            Self::TsV1 => &["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"],
            Self::TsV2 => &[
                "sse",
                "2025-03-26",
                "2025-06-18",
                "2025-11-25",
                "legacy",
                "auto",
                "2026-07-28",
            ],
            Self::Python => &["sse", "legacy", "auto", "2026-07-28"],
            Self::Rust => &[
                "2025-03-26",
                "2025-06-18",
                "2025-11-25",
                "auto",
                "2026-07-28",
            ],
        }
    }

    /// What the README's program for it is written in, if there is one.
    fn readme_language(self) -> Option<&'static str> {
        match self {
            Self::TsV1 | Self::Rust => None,
            Self::TsV2 => Some("js"),
            Self::Python => Some("python"),
        }
    }
}

/// A client that was installed and can run programs.
struct InstalledClient {
    client: Client,
    /// Where its packages are, and its scripts beside them: that is where Node looks for packages.
    folder: PathBuf,
    /// What runs its checks: a program, and the script for it if it is an interpreter.
    program: PathBuf,
    script: Option<&'static str>,
}

impl InstalledClient {
    fn prepare(client: Client, sources: &Path, installed: &Path) -> Result<Self> {
        let from = sources.join(client.folder());
        let folder = installed.join(client.folder());
        let (program, script) = match client {
            Client::TsV1 | Client::TsV2 => {
                tools::require_program("node", "Node.js 20 or newer")?;
                tools::install_node_packages(
                    &folder,
                    &fs::read_to_string(from.join("package.json"))?,
                )?;
                fs::copy(sources.join("checks.mjs"), folder.join("checks.mjs"))?;
                (PathBuf::from("node"), Some("check.mjs"))
            }
            Client::Python => {
                let requirements = fs::read_to_string(from.join("requirements.txt"))?;
                let environment = PythonEnvironment::prepare(folder.clone(), &requirements)?;
                (environment.program("python"), Some("check.py"))
            }
            Client::Rust => (build_rust_client(&from, &folder)?, None),
        };
        if let Some(script) = script {
            fs::copy(from.join(script), folder.join(script))?;
        }
        Ok(Self {
            client,
            folder,
            program,
            script,
        })
    }

    /// A command of the client, with a script of its folder. Only loopback is talked to, whatever proxy is set.
    fn command(&self, script: Option<&str>) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(script.map(|script| self.folder.join(script)))
            .env("NO_PROXY", "127.0.0.1")
            .env("no_proxy", "127.0.0.1");
        command
    }

    /// Runs the checks in every era and answers the names of those that failed.
    fn check(&self, mcp_url: &str) -> Result<Vec<String>> {
        let mut failed = Vec::new();
        for era in self.client.eras() {
            let name = format!("{} {era}", self.client.folder());
            println!("\n{name}");
            let mut command = self.command(self.script);
            if !process::status(command.args([mcp_url, era]))?.success() {
                failed.push(name);
            }
        }
        Ok(failed)
    }

    /// Runs the README's program for this client, if there is one.
    fn check_readme(&self, mcp_url: &str) -> Result<()> {
        let Some(language) = self.client.readme_language() else {
            return Ok(());
        };
        let readme = fs::read_to_string(paths::workspace_root().join("README.md"))?;
        let source = code_block(&readme, language)
            .with_context(|| format!("the README has no {language} program"))?;
        ensure!(
            source.contains(README_URL),
            "the README's {language} program does not name {README_URL}"
        );
        let program = if language == "js" {
            "readme.mjs"
        } else {
            "readme.py"
        };
        fs::write(
            self.folder.join(program),
            source.replace(README_URL, mcp_url),
        )?;
        let printed = process::output(&mut self.command(Some(program)))?;
        ensure!(
            printed == README_OUTPUT,
            "the README's {language} program printed {printed:?}"
        );
        println!(
            "\n{} README\n  ok      prints {}",
            self.client.folder(),
            printed.trim_end()
        );
        Ok(())
    }
}

/// Builds the client in Rust, which is a workspace of its own, and answers the program.
fn build_rust_client(sources: &Path, folder: &Path) -> Result<PathBuf> {
    process::run(
        process::cargo()
            .args(["build", "--quiet", "--locked", "--manifest-path"])
            .arg(sources.join("Cargo.toml"))
            .arg("--target-dir")
            .arg(folder),
    )?;
    Ok(folder
        .join("debug/check-rust")
        .with_extension(std::env::consts::EXE_EXTENSION))
}

/// The first fenced block of `language` in a Markdown text.
fn code_block<'t>(text: &'t str, language: &str) -> Option<&'t str> {
    let (_, block) = text.split_once(&format!("\n```{language}\n"))?;
    block.split_once("\n```").map(|(block, _)| block)
}

/// Runs the chosen clients, or all of them.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let chosen = |client: &&Client| args.only.is_empty() || args.only.contains(client);
    let clients: Vec<_> = Client::value_variants().iter().filter(chosen).collect();
    run_clients(&clients, args.fresh_environments)?;
    Ok(ExitCode::SUCCESS)
}

fn run_clients(clients: &[&Client], fresh_environments: bool) -> Result<()> {
    let sources = paths::workspace_root().join("tests/clients");
    tools::require_program("node", "Node.js 20 or newer")?;
    let installed = paths::target_dir()?.join("clients");
    fs::create_dir_all(&installed)?;
    let clients: Vec<_> = clients
        .iter()
        .map(|client| InstalledClient::prepare(**client, &sources, &installed))
        .collect::<Result<_>>()?;
    let paged_tools = installed.join("paged-tools.json");
    paged_tools::write(&paged_tools)?;
    let cloud = RunningCloud::start(&installed, |command| {
        command
            .arg("--register")
            .arg(sources.join("registrations.json"));
        command.arg("--register").arg(&paged_tools);
        fixtures::add_to(command, Path::new("node"));
        if fresh_environments {
            command.arg("--fresh-environments");
        }
    })?;
    let mut failed = Vec::new();
    for client in &clients {
        failed.extend(client.check(&cloud.mcp_url)?);
        if let Err(error) = client.check_readme(&cloud.mcp_url) {
            eprintln!("error: {error:#}");
            failed.push(format!("{} README", client.client.folder()));
        }
    }
    cloud.stop()?;
    if !failed.is_empty() {
        bail!(
            "failed: {}; the server's log is {}",
            failed.join(", "),
            installed.join(cloud::LOG).display()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_block_of_a_language_is_found() {
        let text = "Text\n\n```js\nlet a;\nlet b;\n```\n\n```js\nlet c;\n```\n";
        assert_eq!(code_block(text, "js"), Some("let a;\nlet b;"));
        assert_eq!(code_block(text, "python"), None);
    }
}
