//! The results as a table: a line for each scenario, a column for each revision.

use std::fmt::Write as _;

use clap::ValueEnum as _;

use super::Era;
use super::outcome::Outcome;
use super::suite::Scenario;

/// The width of a revision's column.
const COLUMN: usize = 12;

/// The table, and what failed under it.
pub(super) fn render(scenarios: &[Scenario], outcomes: &[Outcome]) -> String {
    let is_shown = |era: &&Era| outcomes.iter().any(|outcome| outcome.era == **era);
    let eras: Vec<_> = Era::value_variants().iter().filter(is_shown).collect();
    let width = scenarios.iter().map(|scenario| scenario.name.len()).max();
    let width = width.unwrap_or_default();

    let mut text = format!("\n{:width$}", "");
    // Writing to a String cannot fail, here and below.
    for era in &eras {
        let _ = write!(text, "  {:<COLUMN$}", era.as_str());
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    for Scenario { name, .. } in scenarios {
        let mut line = format!("{name:width$}");
        for era in &eras {
            let outcome = outcomes.iter().find(|outcome| outcome.is_of(name, **era));
            let cell = outcome.map_or_else(String::new, cell);
            let _ = write!(line, "  {cell:<COLUMN$}");
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }

    let passed: usize = outcomes.iter().map(|outcome| outcome.passed).sum();
    let (mut failed, mut warned) = (0, 0);
    for Scenario { name, .. } in scenarios {
        for outcome in outcomes.iter().filter(|outcome| outcome.scenario == *name) {
            let era = outcome.era.as_str();
            for line in &outcome.failures {
                let _ = write!(text, "\nFAILED  {name} {era}: {line}");
            }
            for line in &outcome.warnings {
                let _ = write!(text, "\nwarning  {name} {era}: {line}");
            }
            failed += outcome.failures.len();
            warned += outcome.warnings.len();
        }
    }
    let _ = writeln!(
        text,
        "\n{passed} checks passed, {failed} failed, {warned} warned"
    );
    text
}

fn cell(outcome: &Outcome) -> String {
    let total = outcome.passed + outcome.failures.len();
    if outcome.has_failed() {
        format!("FAILED {}/{total}", outcome.passed)
    } else if !outcome.is_exercised {
        "not checked".to_owned()
    } else if !outcome.warnings.is_empty() {
        format!("warning {}", outcome.passed)
    } else {
        format!("passed {total}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_result_has_its_word() {
        let outcome = |scenario: &str, era, passed, is_exercised, failures: &[&str]| Outcome {
            scenario: scenario.to_owned(),
            era,
            passed,
            is_exercised,
            failures: failures.iter().map(ToString::to_string).collect(),
            warnings: Vec::new(),
        };
        let scenarios = ["ping", "tools-list", "skills"].map(Scenario::named);
        let outcomes = [
            outcome("ping", Era::V2025_11_25, 2, true, &[]),
            outcome("tools-list", Era::V2025_11_25, 3, true, &["list: no array"]),
            outcome("tools-list", Era::V2026_07_28, 4, true, &[]),
            outcome("skills", Era::V2026_07_28, 1, false, &[]),
        ];
        assert_eq!(
            render(&scenarios, &outcomes),
            concat!(
                "\n            2025-11-25    2026-07-28\n",
                "ping        passed 2\n",
                "tools-list  FAILED 3/4    passed 4\n",
                "skills                    not checked\n",
                "\nFAILED  tools-list 2025-11-25: list: no array",
                "\n10 checks passed, 1 failed, 0 warned\n"
            )
        );
    }
}
