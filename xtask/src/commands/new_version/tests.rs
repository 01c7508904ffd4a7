//! Releases in a repository of their own, with the real git and cargo.

use std::path::Path;

use tempfile::TempDir;

use super::*;

fn repository() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let write = |file: &str, text: &str| {
        let file = root.join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    };
    write(
        "Cargo.toml",
        "[workspace]\nmembers = [\"one\"]\nresolver = \"3\"\n\n[workspace.package]\nversion = \"0.1.0\"\n",
    );
    write(
        "one/Cargo.toml",
        "[package]\nname = \"one\"\nversion.workspace = true\nedition = \"2024\"\n",
    );
    write("one/src/lib.rs", "");
    write(
        "Cargo.lock",
        "version = 4\n\n[[package]]\nname = \"one\"\nversion = \"0.1.0\"\n",
    );
    write(
        "sar/template.yaml",
        "Metadata:\n  AWS::ServerlessRepo::Application:\n    SemanticVersion: 0.1.0\n",
    );
    write("CHANGELOG.md", "# Changelog\n\n## Unreleased\n");
    for arguments in [
        &["init", "--quiet", "--initial-branch=main"][..],
        &["config", "user.name", "Ada"],
        &["config", "user.email", "ada@example.com"],
        &["config", "commit.gpgsign", "false"],
        &["config", "tag.gpgsign", "false"],
    ] {
        git(root, arguments).unwrap();
    }
    commit(root, "Begin");
    folder
}

fn commit(root: &Path, subject: &str) {
    git(root, &["add", "--all"]).unwrap();
    git(root, &["commit", "--quiet", "--allow-empty", "-m", subject]).unwrap();
}

fn prepare(root: &Path, version: &str) -> Result<NewVersion> {
    NewVersion::prepare(root, &version.parse().unwrap(), "2026-11-24")
}

fn refusal(root: &Path, version: &str) -> String {
    let before = git(root, &["rev-parse", "HEAD"]).unwrap();
    let error = match prepare(root, version) {
        Ok(_) => panic!("{version} was not refused"),
        Err(error) => format!("{error:#}"),
    };
    assert_eq!(git(root, &["rev-parse", "HEAD"]).unwrap(), before);
    error
}

/// The changelog with the commits' own hashes left out.
fn changelog(root: &Path) -> String {
    let log = fs::read_to_string(root.join(CHANGELOG)).unwrap();
    let lines = log.lines().map(|line| match line.rsplit_once(" (") {
        Some((subject, _)) if line.starts_with("- ") => format!("{subject} (…)"),
        _ => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn two_releases_have_a_section_a_commit_and_a_tag_each() {
    let folder = repository();
    let root = folder.path();
    commit(root, "Answer in milliseconds");
    prepare(root, "minor").unwrap().make().unwrap();
    commit(root, "Cost nothing when idle");
    prepare(root, "1.0.0").unwrap().make().unwrap();

    assert_eq!(
        changelog(root),
        "# Changelog\n\n## Unreleased\n\n## 1.0.0 - 2026-11-24\n\n- Cost nothing when idle (…)\n\n\
         ## 0.2.0 - 2026-11-24\n\n- Answer in milliseconds (…)\n- Begin (…)"
    );
    assert_eq!(
        git(root, &["log", "--format=%s%d"]).unwrap().lines().next(),
        Some("Release 1.0.0 (HEAD -> main, tag: v1.0.0)")
    );
    assert_eq!(git(root, &["status", "--porcelain"]).unwrap(), "");
    let lock = fs::read_to_string(root.join("Cargo.lock")).unwrap();
    assert!(
        lock.contains("name = \"one\"\nversion = \"1.0.0\""),
        "{lock}"
    );
    check(root).unwrap();
}

#[test]
fn what_can_not_be_released_is_refused_with_the_mend() {
    let folder = repository();
    let root = folder.path();
    assert_eq!(
        refusal(root, "0.1.0"),
        "0.1.0 is not greater than 0.1.0, the present version: name a greater one"
    );
    git(root, &["tag", "v0.2.0"]).unwrap();
    assert_eq!(
        refusal(root, "0.2.0"),
        "the tag v0.2.0 exists: name another version, or delete the tag if it was never pushed"
    );
    git(root, &["tag", "v0.1.0"]).unwrap();
    assert_eq!(
        refusal(root, "0.3.0"),
        "nothing was committed since v0.1.0: there is nothing to release"
    );
    fs::write(root.join("one/src/lib.rs"), "//! Changed.\n").unwrap();
    assert_eq!(
        refusal(root, "0.3.0"),
        "there are changes that are not committed: commit or stash them\n M one/src/lib.rs"
    );
}

#[test]
fn places_that_differ_are_named() {
    let folder = repository();
    let root = folder.path();
    check(root).unwrap();
    let template = fs::read_to_string(root.join("sar/template.yaml")).unwrap();
    fs::write(
        root.join("sar/template.yaml"),
        template.replace("0.1.0", "0.1.1"),
    )
    .unwrap();
    let error = "the versions differ: Cargo.toml has 0.1.0, sar/template.yaml has 0.1.1; write the same one everywhere";
    assert_eq!(check(root).unwrap_err().to_string(), error);
    assert_eq!(refusal(root, "0.2.0"), error);
}

#[test]
fn a_tag_of_another_version_is_noticed() {
    let folder = repository();
    let root = folder.path();
    git(root, &["tag", "latest"]).unwrap();
    check(root).unwrap();
    git(root, &["tag", "v9.9.9"]).unwrap();
    assert_eq!(
        check(root).unwrap_err().to_string(),
        "this commit is tagged v9.9.9, and its version is 0.1.0: tag the commit that `cargo xtask release` makes"
    );
}

#[test]
fn a_release_that_fails_leaves_the_checkout_as_it_was() {
    let folder = repository();
    let root = folder.path();
    let release = prepare(root, "0.2.0").unwrap();
    let hook = root.join(".git/hooks/pre-commit");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, "#!/bin/sh\nexit 1\n").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    release.make().unwrap_err();
    assert_eq!(git(root, &["status", "--porcelain"]).unwrap(), "");
    assert_eq!(git(root, &["log", "--format=%s"]).unwrap(), "Begin");
    assert_eq!(git(root, &["tag"]).unwrap(), "");
}
