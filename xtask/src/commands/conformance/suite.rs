//! The suite itself: an npm package at a pinned version, and the Node.js it needs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use fs_err as fs;

use super::Era;
use crate::{paths, process, tools};

/// The suite needs Node.js 22, newer than what the rest of the repository asks for; the package `node` brings one.
const MANIFEST: &str = r#"{
  "private": true,
  "dependencies": {
    "@modelcontextprotocol/conformance": "0.2.0-alpha.12",
    "node": "22.23.3"
  }
}
"#;

/// The installed suite.
pub(super) struct Suite {
    node: PathBuf,
    program: PathBuf,
}

/// A scenario that is run against servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scenario {
    pub(super) name: String,
    /// The revisions to run it in.
    pub(super) eras: Vec<Era>,
    /// Whether it belongs to an extension of the protocol rather than to revisions of it.
    is_extension: bool,
}

impl Suite {
    /// Installs it under `target/`, unless it is there.
    pub(super) fn install() -> Result<Self> {
        let folder = paths::target_dir()?.join("tools/conformance");
        tools::install_node_packages(&folder, MANIFEST)?;
        let modules = folder.join("node_modules");
        Ok(Self {
            node: modules
                .join("node/bin/node")
                .with_extension(std::env::consts::EXE_EXTENSION),
            program: modules.join("@modelcontextprotocol/conformance/dist/index.js"),
        })
    }

    /// The Node.js that came with it.
    pub(super) fn node(&self) -> &Path {
        &self.node
    }

    /// All scenarios for servers.
    pub(super) fn scenarios(&self) -> Result<Vec<Scenario>> {
        let listed = process::output(self.command().args(["list", "--server"]))?;
        let scenarios: Vec<_> = listed.lines().filter_map(Scenario::parse).collect();
        if scenarios.is_empty() {
            bail!("the conformance suite listed no scenarios");
        }
        Ok(scenarios)
    }

    /// Runs a selection of scenarios against the server at `url`. What each of them saw is in `folder` then, and what
    /// the suite printed in its `output.log`. That checks failed is no error.
    pub(super) fn run(&self, url: &str, selection: &[&str], folder: &Path) -> Result<()> {
        fs::create_dir_all(folder)?;
        let log = fs::File::create(folder.join("output.log"))?.into_file();
        let mut command = self.command();
        command
            .args(["server", "--url", url])
            .args(selection)
            .arg("-o")
            .arg(folder)
            .stderr(log.try_clone().context("could not share the log")?)
            .stdout(log);
        let status = process::status(&mut command)?;
        // 1 says that checks failed, which the results say too.
        if !matches!(status.code(), Some(0 | 1)) {
            bail!(
                "the conformance suite broke off ({status}); see {}",
                folder.join("output.log").display()
            );
        }
        Ok(())
    }

    /// A command of the suite. Only loopback is talked to, whatever proxy is set.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.node);
        command
            .arg(&self.program)
            .stdin(Stdio::null())
            .env("NO_PROXY", "127.0.0.1")
            .env("no_proxy", "127.0.0.1");
        command
    }
}

impl Scenario {
    #[cfg(test)]
    pub(super) fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            eras: vec![Era::NEWEST],
            is_extension: false,
        }
    }

    /// Reads a line of the list, `  - name [2025-11-25,2026-07-28]` or `  - name [extension]`.
    fn parse(line: &str) -> Option<Self> {
        let (name, rest) = line.trim().strip_prefix("- ")?.split_once(" [")?;
        let tags: Vec<_> = rest.strip_suffix(']')?.split(',').collect();
        let is_extension = tags == ["extension"];
        let eras = if is_extension {
            vec![Era::NEWEST]
        } else {
            tags.into_iter().filter_map(Era::parse).collect()
        };
        Some(Self {
            name: name.to_owned(),
            eras,
            is_extension,
        })
    }

    /// What has the suite run this scenario alone. It knows the revision of an extension's by itself.
    pub(super) fn selection(&self, era: Era) -> Vec<&str> {
        let mut selection = vec!["--scenario", &self.name];
        if !self.is_extension {
            selection.extend(["--spec-version", era.as_str()]);
        }
        selection
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_read() {
        let scenario = Scenario::parse("  - tools-list [2025-06-18,2026-07-28]").unwrap();
        assert_eq!(scenario.name, "tools-list");
        assert_eq!(scenario.eras, [Era::V2025_06_18, Era::V2026_07_28]);
        assert_eq!(
            scenario.selection(Era::V2025_06_18),
            ["--scenario", "tools-list", "--spec-version", "2025-06-18"]
        );
        let extension = Scenario::parse("  - tasks-lifecycle [extension]").unwrap();
        assert_eq!(extension.eras, [Era::NEWEST]);
        assert_eq!(
            extension.selection(Era::NEWEST),
            ["--scenario", "tasks-lifecycle"]
        );
        assert_eq!(
            Scenario::parse("Server scenarios (test against a server):"),
            None
        );
    }
}
