//! The published schema of catalogues against what the registry takes.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use fs_err as fs;
use serde_json::{Value, json};
use support::TestCloud;

use crate::administrator::Administrator;

/// Documents with one field each that is something else, all with names of their own.
fn mutants() -> Result<Vec<Value>> {
    let fixtures =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../functions/registration/tests/fixtures");
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/catalog.schema.json");
    let schema: Value = serde_json::from_str(&fs::read_to_string(schema)?)?;
    // An empty text and `null` count as absent in the API, and are left out of a file.
    let values = [
        json!(7),
        json!(-1),
        json!(true),
        json!("x"),
        json!("x".repeat(9000)),
        json!([]),
        json!(["x"]),
        json!([{}]),
        json!({}),
        json!({ "unknown": 1 }),
    ];
    let mut mutants = Vec::new();
    for kind in ["tool", "resource", "prompt"] {
        let full = fs::read_to_string(fixtures.join(format!("full-{kind}.json")))?;
        let mut full: Value = serde_json::from_str(&full)?;
        let fields = full.as_object_mut().context("no object")?;
        fields.shift_remove("id");
        let properties = &schema["$defs"][kind]["properties"];
        let known = properties.as_object().context("no fields")?.keys();
        let others = ["unknown", "uri", "inputSchema", "arguments"].map(str::to_owned);
        let mut names: Vec<String> = known.cloned().chain(others).collect();
        names.retain(|name| !["id", "type", "name"].contains(&name.as_str()));
        names.sort();
        names.dedup();
        for name in names {
            for value in &values {
                // So does an empty list here.
                if name == "outputSchema" && *value == json!([]) {
                    continue;
                }
                let mut mutant = full.clone();
                mutant["name"] = json!(format!("m{:04}-{name}", mutants.len()));
                mutant[&name] = value.clone();
                mutants.push(mutant);
            }
        }
    }
    Ok(mutants)
}

#[tokio::test]
async fn the_published_schema_refuses_nothing_that_the_registry_takes() -> Result<()> {
    let cloud = TestCloud::start().await?;
    let admin = Administrator::new(&cloud, None)?;
    let mutants = mutants()?;
    admin.write(
        "catalog.json",
        &json!({ "registrations": mutants }).to_string(),
    )?;
    let words = ["validate", "--file", "catalog.json", "--format", "json"];
    let by_schema = admin.offline(&words).output().await?;
    let by_schema: Value = serde_json::from_slice(&by_schema.stdout)?;
    let refused: BTreeSet<&str> = by_schema["problems"]
        .as_array()
        .context("no problems")?
        .iter()
        .filter_map(|problem| problem["registration"].as_str())
        .collect();

    let url = cloud.url("/register:validate?health=false");
    let mut only_by_registry = String::new();
    let (mut taken, mut both) = (0, 0);
    for part in mutants.chunks(500) {
        let reply = cloud.http().post(&url, &json!(part)).await?;
        let verdicts = reply.json()?;
        for verdict in verdicts["results"].as_array().context("no results")? {
            let id = verdict["id"].as_str().context("no id")?;
            match (verdict["valid"] == true, refused.contains(id)) {
                (true, true) => panic!("{id}: the schema refuses it, the registry takes it"),
                (true, false) => taken += 1,
                (false, true) => both += 1,
                (false, false) => {
                    let problem = &verdict["problems"][0];
                    writeln!(
                        only_by_registry,
                        "{id}: {}: {}",
                        problem["field"], problem["message"]
                    )?;
                }
            }
        }
    }
    assert!(
        taken > 20 && both > 300,
        "{taken} taken, {both} refused by both"
    );
    insta::assert_snapshot!(only_by_registry);
    cloud.shutdown().await;
    Ok(())
}
