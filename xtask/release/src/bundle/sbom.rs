//! The bill of materials: which crates are in the functions, as `CycloneDX` 1.6 JSON.
//!
//! Written from `cargo metadata` here rather than by a generator: those put the time and a random serial number into
//! what they write, and a bundle is the same on any day.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use thiserror::Error;

use crate::version::SemanticVersion;

/// The crates can't be listed.
#[derive(Debug, Error)]
pub enum SbomError {
    /// cargo can't be started, or failed.
    #[error("`cargo metadata` failed: {0}")]
    Cargo(String),
    /// What cargo printed is not its JSON.
    #[error("`cargo metadata` did not print its JSON")]
    Json(#[from] serde_json::Error),
}

/// The bill of materials of `programs`, packages of the workspace at `root`, compiled for `target`.
///
/// Features are those of the whole workspace, so a crate that only a tool asks for may be listed too.
pub(super) fn sbom(
    root: &Path,
    target: &str,
    application: &str,
    version: &SemanticVersion,
    programs: &BTreeSet<String>,
) -> Result<String, SbomError> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked"])
        .args(["--filter-platform", target])
        .current_dir(root)
        .output()
        .map_err(|error| SbomError::Cargo(error.to_string()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(SbomError::Cargo(said.trim().to_owned()));
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    Ok(from_metadata(&metadata, application, version, programs))
}

fn from_metadata(
    metadata: &Value,
    application: &str,
    version: &SemanticVersion,
    programs: &BTreeSet<String>,
) -> String {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let packages: BTreeMap<String, Value> = list(&metadata["packages"])
        .into_iter()
        .map(|package| (text(&package["id"]), package))
        .collect();
    let nodes: BTreeMap<String, Value> = list(&metadata["resolve"]["nodes"])
        .into_iter()
        .map(|node| (text(&node["id"]), node))
        .collect();

    // A dependency of kind `null` is a normal one; build scripts and tests leave nothing in the program.
    let needs = |id: &str| -> Vec<String> {
        let dependencies = nodes.get(id).map(|node| list(&node["deps"]));
        dependencies
            .into_iter()
            .flatten()
            .filter(|dependency| {
                list(&dependency["dep_kinds"])
                    .iter()
                    .any(|kind| kind["kind"].is_null())
            })
            .map(|dependency| text(&dependency["pkg"]))
            .collect()
    };
    let is_program = |id: &&String| {
        let named = packages.get(*id).map(|package| text(&package["name"]));
        let members = list(&metadata["workspace_members"]);
        members.contains(&json!(id)) && named.is_some_and(|name| programs.contains(&name))
    };
    let mut reached: BTreeSet<String> = BTreeSet::new();
    let mut waiting: Vec<String> = packages.keys().filter(is_program).cloned().collect();
    while let Some(id) = waiting.pop() {
        if reached.insert(id.clone()) {
            waiting.extend(needs(&id));
        }
    }

    let mut components = BTreeMap::new();
    let mut dependencies = BTreeMap::new();
    for package in reached.iter().filter_map(|id| packages.get(id)) {
        let reference = purl(package);
        let mut component = json!({
            "type": "library",
            "bom-ref": reference,
            "name": package["name"],
            "version": package["version"],
            "purl": reference,
        });
        if let Some(license) = package["license"].as_str() {
            // Old crates separate alternatives with a slash, which SPDX does not know.
            let expression = license.replace('/', " OR ");
            component["licenses"] = json!([{ "expression": expression }]);
        }
        let of: BTreeSet<_> = needs(&text(&package["id"]))
            .iter()
            .filter_map(|id| packages.get(id))
            .map(purl)
            .collect();
        components.insert(reference.clone(), component);
        dependencies.insert(
            reference.clone(),
            json!({ "ref": reference, "dependsOn": of }),
        );
    }
    let document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": application,
                "name": application,
                "version": version,
            },
        },
        "components": components.into_values().collect::<Vec<_>>(),
        "dependencies": dependencies.into_values().collect::<Vec<_>>(),
    });
    format!("{document:#}\n")
}

/// The crate's package URL. Source: <https://github.com/package-url/purl-spec>, type `cargo`.
fn purl(package: &Value) -> String {
    let version = text(&package["version"]).replace('+', "%2B");
    format!("pkg:cargo/{}@{version}", text(&package["name"]))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compiled_in_is_listed_and_what_only_builds_or_tests_is_not() {
        let normal = json!([{ "kind": null }]);
        let metadata = json!({
            "workspace_members": ["id-one"],
            "packages": [
                { "id": "id-one", "name": "one", "version": "0.1.0", "license": "MIT" },
                { "id": "id-a", "name": "a", "version": "1.0.0+zstd", "license": "MIT/Apache-2.0" },
                { "id": "id-b", "name": "b", "version": "2.0.0", "license": null },
                { "id": "id-c", "name": "c", "version": "3.0.0", "license": "MIT" },
            ],
            "resolve": { "nodes": [
                { "id": "id-one", "deps": [
                    { "pkg": "id-a", "dep_kinds": normal },
                    { "pkg": "id-c", "dep_kinds": [{ "kind": "dev" }, { "kind": "build" }] },
                ] },
                { "id": "id-a", "deps": [{ "pkg": "id-b", "dep_kinds": normal }] },
                { "id": "id-b", "deps": [] },
                { "id": "id-c", "deps": [] },
            ] },
        });
        let version = "0.1.0".parse().unwrap();
        let sbom = from_metadata(&metadata, "app", &version, &BTreeSet::from(["one".into()]));
        insta::assert_snapshot!(sbom);
    }
}
