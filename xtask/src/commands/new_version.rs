//! `cargo xtask release VERSION`: the commit and the tag that a release is made from.

mod changelog;
mod next;
mod places;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail, ensure};
use fs_err as fs;
use semver::Version;

use self::changelog::CHANGELOG;
use self::next::Next;
pub(crate) use self::places::check;
use crate::{paths, process};

/// Write a new version wherever it stands, add what changed to CHANGELOG.md, commit, and tag the commit.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The version, such as 1.2.0, greater than the present one; or major, minor or patch, for the next such version.
    version: Next,
    /// Show what would be done, and do nothing.
    #[arg(long, conflicts_with = "yes")]
    plan: bool,
    /// Do it without asking.
    #[arg(long)]
    yes: bool,
}

/// Shows, asks, and does it in this checkout.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let release = NewVersion::prepare(&paths::workspace_root(), &args.version, &today())?;
    print!("{}", release.text());
    if args.plan {
        return Ok(ExitCode::SUCCESS);
    }
    if !args.yes && !confirmed()? {
        bail!("not confirmed, nothing was done");
    }
    release.make()?;
    println!(
        "done: push it with `git push origin HEAD {}`, and the tag is published",
        release.tag
    );
    Ok(ExitCode::SUCCESS)
}

fn confirmed() -> Result<bool> {
    ensure!(
        io::stdin().is_terminal(),
        "nobody is there to confirm this: --yes does it, --plan only shows it"
    );
    print!("Do this? [y/N] ");
    io::stdout().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// The day, in UTC, as CHANGELOG.md writes it.
fn today() -> String {
    time::OffsetDateTime::now_utc().date().to_string()
}

/// A release that can be made.
struct NewVersion {
    root: PathBuf,
    from: Version,
    to: Version,
    tag: String,
    /// The files to write, by their paths in the checkout.
    files: BTreeMap<PathBuf, String>,
    /// What CHANGELOG.md gets.
    section: String,
}

impl NewVersion {
    /// Finds out what has to be written, and refuses what can't be done. Writes nothing.
    fn prepare(root: &Path, next: &Next, date: &str) -> Result<Self> {
        let places = places::find(root)?;
        let from = places::agreed(&places)?;
        let to = next.after(&from);
        ensure!(
            to > from,
            "{to} is not greater than {from}, the present version: name a greater one"
        );
        let changed = git(root, &["status", "--porcelain"])?;
        ensure!(
            changed.is_empty(),
            "there are changes that are not committed: commit or stash them\n{changed}"
        );
        let tag = format!("v{to}");
        let tags = git(root, &["tag", "--list", &tag])?;
        ensure!(
            tags.is_empty(),
            "the tag {tag} exists: name another version, or delete the tag if it was never pushed"
        );
        let section = changelog::section(root, &from, &to, date)?;
        let mut files = places::rewritten(root, &places, &to)?;
        let log = fs::read_to_string(root.join(CHANGELOG))?;
        files.insert(CHANGELOG.into(), changelog::with_section(&log, &section)?);
        Ok(Self {
            root: root.to_owned(),
            from,
            to,
            tag,
            files,
            section,
        })
    }

    fn text(&self) -> String {
        let files: Vec<_> = self
            .files
            .keys()
            .map(|file| file.display().to_string())
            .collect();
        format!(
            "{} -> {}\nwrite {} and Cargo.lock, commit, tag {}\n\n{}\n",
            self.from,
            self.to,
            files.join(", "),
            self.tag,
            self.section
        )
    }

    /// Writes, commits and tags; after a failure the checkout is as it was.
    fn make(&self) -> Result<()> {
        let head = git(&self.root, &["rev-parse", "HEAD"])?;
        self.write_and_commit().inspect_err(|_| {
            // The tree was clean, so that nothing of anybody's is lost. The first error is the one to be told.
            let _ = git(&self.root, &["reset", "--quiet", "--hard", &head]);
        })
    }

    fn write_and_commit(&self) -> Result<()> {
        for (file, content) in &self.files {
            fs::write(self.root.join(file), content)?;
        }
        // Cargo.lock has the versions of the workspace's own packages.
        process::run(
            process::cargo()
                .args(["update", "--workspace", "--offline", "--quiet"])
                .current_dir(&self.root),
        )?;
        let message = format!("Release {}", self.to);
        git(&self.root, &["commit", "--quiet", "--all", "-m", &message])?;
        git(
            &self.root,
            &["tag", "--annotate", &self.tag, "-m", &message],
        )?;
        Ok(())
    }
}

/// What a git command in `root` prints.
fn git(root: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(root)
        .output()
        .context("git can't be started")?;
    ensure!(
        output.status.success(),
        "`git {}` failed: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(String::from_utf8(output.stdout)?.trim_end().to_owned())
}
