//! Where a version stands.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use fs_err as fs;
use semver::Version;

use super::{changelog, git};

/// A file, and what stands before the version on its line there. The first such line counts.
const PLACES: [(&str, &str); 2] = [
    ("Cargo.toml", "version = \""),
    ("sar/template.yaml", "    SemanticVersion: "),
];

/// A place and the version that it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    file: &'static str,
    before: &'static str,
    version: Version,
}

/// All places, read from `root`.
pub(super) fn find(root: &Path) -> Result<Vec<Place>> {
    PLACES
        .iter()
        .map(|&(file, before)| {
            let text = fs::read_to_string(root.join(file))?;
            let version = text
                .lines()
                .find_map(|line| line.strip_prefix(before))
                .with_context(|| format!("{file} has no line `{before}…`"))?;
            let version = version.trim_end_matches('"');
            let version = version
                .parse()
                .with_context(|| format!("{file}: `{version}` is no version"))?;
            Ok(Place {
                file,
                before,
                version,
            })
        })
        .collect()
}

/// The version that all places have.
pub(super) fn agreed(places: &[Place]) -> Result<Version> {
    let first = places.first().context("a version stands nowhere")?;
    if places.iter().all(|place| place.version == first.version) {
        return Ok(first.version.clone());
    }
    let list: Vec<_> = places
        .iter()
        .map(|place| format!("{} has {}", place.file, place.version))
        .collect();
    bail!(
        "the versions differ: {}; write the same one everywhere",
        list.join(", ")
    )
}

/// The files with `version` in every place.
pub(super) fn rewritten(
    root: &Path,
    places: &[Place],
    version: &Version,
) -> Result<BTreeMap<PathBuf, String>> {
    let mut files = BTreeMap::new();
    for place in places {
        let text = fs::read_to_string(root.join(place.file))?;
        let old = format!("{}{}", place.before, place.version);
        let new = format!("{}{version}", place.before);
        files.insert(place.file.into(), text.replacen(&old, &new, 1));
    }
    Ok(files)
}

/// Errors when the places differ, when Cargo.lock has another version, when the commit is tagged as another version, or
/// when CHANGELOG.md knows nothing of the version that was released last.
pub(crate) fn check(root: &Path) -> Result<()> {
    let version = agreed(&find(root)?)?;
    let lock = fs::read_to_string(root.join("Cargo.lock"))?;
    // The workspace's own packages are those without a source.
    for package in lock
        .split("\n\n")
        .filter(|it| it.starts_with("[[package]]"))
    {
        let is_own = !package.contains("\nsource = ");
        if is_own && !package.contains(&format!("\nversion = \"{version}\"")) {
            let name = package.lines().nth(1).unwrap_or_default();
            bail!(
                "Cargo.lock has another version than {version} for {name}: run `cargo update --workspace`"
            );
        }
    }
    check_tags(root, &version)?;
    changelog::check(root, &version)
}

/// Errors when the commit that is checked out is tagged as another version: that tag would publish this one.
fn check_tags(root: &Path, version: &Version) -> Result<()> {
    let tags = git(root, &["tag", "--points-at", "HEAD"])?;
    let released: Vec<_> = tags
        .lines()
        .filter_map(|tag| tag.strip_prefix('v')?.parse::<Version>().ok())
        .collect();
    match released.first() {
        Some(other) if !released.contains(version) => bail!(
            "this commit is tagged v{other}, and its version is {version}: tag the commit that `cargo xtask release` makes"
        ),
        _ => Ok(()),
    }
}
