//! What scenarios found, out of the files the suite writes.

use std::path::Path;

use anyhow::{Context, Result};
use fs_err as fs;
use serde_json::Value;

use super::Era;

/// The length of the time at the end of a result's folder, as in `-2026-07-28T12-30-00-000Z`.
const TIMESTAMP: usize = 25;

/// A check that is made of whatever a scenario exchanged, be it next to nothing.
const OF_EVERY_SCENARIO: &str = "wire-schema-valid";

/// What one scenario found in one revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) scenario: String,
    pub(super) era: Era,
    pub(super) passed: usize,
    /// Whether a check of the scenario's own was made.
    pub(super) is_exercised: bool,
    /// What goes against a MUST.
    pub(super) failures: Vec<String>,
    /// What goes against a SHOULD.
    pub(super) warnings: Vec<String>,
}

impl Outcome {
    pub(super) fn is_of(&self, scenario: &str, era: Era) -> bool {
        self.scenario == scenario && self.era == era
    }

    pub(super) fn has_failed(&self) -> bool {
        !self.failures.is_empty()
    }

    /// Counts the checks of a scenario.
    fn of(scenario: &str, era: Era, checks: &[Value]) -> Self {
        let with = |status: &str| {
            let status = status.to_owned();
            checks
                .iter()
                .filter(move |check| check["status"] == status.as_str())
        };
        Self {
            scenario: scenario.to_owned(),
            era,
            passed: with("SUCCESS").count(),
            is_exercised: ["SUCCESS", "FAILURE"]
                .into_iter()
                .flat_map(with)
                .any(|check| check["id"] != OF_EVERY_SCENARIO),
            failures: with("FAILURE").map(described).collect(),
            warnings: with("WARNING").map(described).collect(),
        }
    }
}

fn described(check: &Value) -> String {
    let text = |key: &str| check[key].as_str().filter(|text| !text.is_empty());
    let what = text("errorMessage")
        .or_else(|| check["details"]["message"].as_str())
        .or_else(|| text("description"));
    format!(
        "{}: {}",
        text("id").unwrap_or("unnamed"),
        what.unwrap_or("no reason given")
    )
}

/// Everything that a run of the suite left in `folder`.
pub(super) fn read(era: Era, folder: &Path) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let Some(scenario) = scenario(&name) else {
            continue;
        };
        let file = path.join("checks.json");
        let checks: Vec<Value> = serde_json::from_slice(&fs::read(&file)?)
            .with_context(|| format!("{} is not what was expected", file.display()))?;
        outcomes.push(Outcome::of(scenario, era, &checks));
    }
    Ok(outcomes)
}

/// The scenario's name in that of a result's folder, `server-NAME-TIMESTAMP`.
fn scenario(folder: &str) -> Option<&str> {
    let rest = folder.strip_prefix("server-")?;
    rest.get(..rest.len().checked_sub(TIMESTAMP)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_results_folder_names_its_scenario() {
        assert_eq!(
            scenario("server-tools-list-2026-11-25T22-26-04-713Z"),
            Some("tools-list")
        );
        assert_eq!(scenario("server-short"), None);
        assert_eq!(scenario("output.log"), None);
    }

    #[test]
    fn checks_are_counted_and_what_failed_is_named() {
        let checks = [
            json!({ "id": "a", "status": "SUCCESS" }),
            json!({ "id": "b", "status": "FAILURE", "errorMessage": "no answer" }),
            json!({ "id": "c", "status": "WARNING", "details": { "message": "no session" } }),
            json!({ "id": "d", "status": "INFO" }),
            json!({ "id": "e", "status": "SKIPPED" }),
        ];
        let outcome = Outcome::of("x", Era::NEWEST, &checks);
        assert_eq!((outcome.passed, outcome.is_exercised), (1, true));
        assert_eq!(outcome.failures, ["b: no answer"]);
        assert_eq!(outcome.warnings, ["c: no session"]);
    }

    #[test]
    fn what_is_checked_of_every_scenario_does_not_exercise_it() {
        let checks = [
            json!({ "id": "wire-schema-valid", "status": "SUCCESS" }),
            json!({ "id": "own", "status": "SKIPPED" }),
        ];
        assert!(!Outcome::of("x", Era::NEWEST, &checks).is_exercised);
    }
}
