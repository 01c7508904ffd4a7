//! The rules of the house: who may depend on whom, and what every package and file keeps to.

#![expect(
    clippy::unwrap_used,
    reason = "a panic is how a test fails, in its helpers too"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use fs_err as fs;
use serde_json::Value;

/// The most lines a source file may have.
const MAX_LINES: usize = 700;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

/// What `cargo metadata` says about the workspace, without its dependencies' dependencies.
fn metadata() -> Value {
    let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Each package's dependencies inside the workspace, of every kind: a rule that a test may break is none.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let name = |value: &Value| value["name"].as_str().unwrap().to_owned();
    let members: BTreeSet<String> = packages.iter().map(name).collect();
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().unwrap();
            let inside = dependencies
                .iter()
                .map(name)
                .filter(|dependency| members.contains(dependency));
            (name(package), inside.collect())
        })
        .collect()
}

#[test]
fn packages_depend_only_on_whom_they_may() {
    // The functions share what a registration is, and nothing else. The tools meet the functions only as binaries and
    // through the template, or by HTTP. xtask runs programs, so that it compiles in seconds. Nothing depends on the tests.
    let drawn = [
        ("registry", vec![]),
        ("mcp", vec!["registry"]),
        ("registration", vec!["registry"]),
        ("sample", vec![]),
        ("xtask", vec![]),
        ("local-cloud", vec![]),
        ("bench", vec!["local-cloud"]),
        ("rehearse", vec![]),
        ("tooling", vec![]),
        ("catalog", vec!["tooling"]),
        ("release", vec!["local-cloud", "tooling"]),
        ("integration-tests", vec!["local-cloud"]),
    ];
    let drawn: BTreeMap<String, BTreeSet<String>> = drawn
        .into_iter()
        .map(|(name, may)| {
            (
                name.to_owned(),
                may.into_iter().map(str::to_owned).collect(),
            )
        })
        .collect();
    assert_eq!(dependencies(), drawn);
}

#[test]
fn every_package_keeps_the_workspace_lints_and_licence() {
    for package in metadata()["packages"].as_array().unwrap() {
        let manifest = package["manifest_path"].as_str().unwrap();
        let text = fs::read_to_string(manifest).unwrap();
        assert!(
            text.contains("[lints]\nworkspace = true"),
            "{manifest} does not inherit the workspace's lints"
        );
        assert_eq!(package["license"], "MIT", "{manifest}");
        assert_eq!(
            package["publish"],
            Value::Array(vec![]),
            "{manifest} could be published to a registry"
        );
    }
}

#[test]
fn source_files_stay_readable() {
    let mut files = Vec::new();
    for folder in ["functions", "xtask", "tests"] {
        collect_sources(&root().join(folder), &mut files);
    }
    assert!(
        files.len() > 20,
        "only {} source files were found",
        files.len()
    );
    let long: Vec<_> = files
        .iter()
        .map(|file| (file, fs::read_to_string(file).unwrap().lines().count()))
        .filter(|(_, lines)| *lines > MAX_LINES)
        .collect();
    assert!(
        long.is_empty(),
        "files of more than {MAX_LINES} lines: {long:?}"
    );
}

/// Adds every `.rs` file below `folder`.
fn collect_sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect_sources(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
