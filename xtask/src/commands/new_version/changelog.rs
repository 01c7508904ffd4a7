//! CHANGELOG.md: a section for each version, newest first, with the subjects of its commits.
//!
//! Git makes the list by itself: subjects here are whole sentences, so that there is nothing to be sorted or worded by a
//! changelog tool.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use semver::Version;

use super::git;

/// The file.
pub(super) const CHANGELOG: &str = "CHANGELOG.md";
/// The section of what comes next, always the first one. It has no list: the next release makes it.
const UNRELEASED: &str = "## Unreleased\n";

/// The section for `to`: what was committed since `from` was tagged, or ever.
pub(super) fn section(root: &Path, from: &Version, to: &Version, date: &str) -> Result<String> {
    let tag = format!("v{from}");
    let is_tagged = !git(root, &["tag", "--list", &tag])?.is_empty();
    let range = if is_tagged {
        format!("{tag}..HEAD")
    } else {
        "HEAD".to_owned()
    };
    let format = "--format=- %s (%h)";
    let commits = git(root, &["log", "--no-merges", "--abbrev=9", format, &range])?;
    ensure!(
        !commits.is_empty(),
        "nothing was committed since {tag}: there is nothing to release"
    );
    Ok(format!("## {to} - {date}\n\n{commits}\n"))
}

/// The changelog with another section before all others.
pub(super) fn with_section(log: &str, section: &str) -> Result<String> {
    let (head, tail) = log
        .split_once(UNRELEASED)
        .with_context(|| format!("{CHANGELOG} has no line `{}`", UNRELEASED.trim_end()))?;
    Ok(format!("{head}{UNRELEASED}\n{section}{tail}"))
}

/// Errors when `version` is tagged and has no section.
pub(super) fn check(root: &Path, version: &Version) -> Result<()> {
    let log = fs::read_to_string(root.join(CHANGELOG))?;
    ensure!(
        log.contains(UNRELEASED),
        "{CHANGELOG} has no line `{}`",
        UNRELEASED.trim_end()
    );
    let tag = format!("v{version}");
    let is_released = !git(root, &["tag", "--list", &tag])?.is_empty();
    ensure!(
        !is_released || log.contains(&format!("\n## {version} - ")),
        "{tag} is tagged, and {CHANGELOG} has no section for it: make releases with `cargo xtask release`"
    );
    Ok(())
}
