//! JSON Schema 2020-12: compiled once, asked often.

use std::fmt;
use std::sync::Arc;

use jsonschema::{PatternOptions, Validator};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

mod header_rules;
mod messages;
mod rules;
mod walk;
mod work;

pub(crate) use rules::{check_input, check_output};

/// How often a pattern may go back over a text before the check gives up: what patterns with look-around or
/// back-references need for ordinary texts is far below, and this many steps take about a millisecond.
const BACKTRACK_LIMIT: usize = 10_000;

/// The most memory that one compiled pattern may take, in bytes.
const PATTERN_SIZE_LIMIT: usize = 1 << 20;

/// The most violations that one check reports.
const MAX_VIOLATIONS: usize = 20;

/// A schema for a tool's arguments or result, ready to check values. Cheap to clone.
#[derive(Clone)]
pub struct ArgumentSchema {
    validator: Arc<Validator>,
}

/// A schema cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SchemaError {
    /// Where in the schema, as a JSON pointer; empty for its root.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

/// How a value breaks its schema. Says nothing of the value itself, which may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Where in the value, as a JSON pointer; empty for its root.
    pub path: String,
    /// What it should be, such as `is not of type "string"`.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{} {}", self.path, self.message)
        }
    }
}

impl ArgumentSchema {
    /// Compiles a schema. Nothing is fetched: a reference that leads out of the schema is an error.
    pub fn compile(raw: &RawValue) -> Result<Self, SchemaError> {
        let schema: Value = serde_json::from_str(raw.get()).map_err(|error| SchemaError {
            path: String::new(),
            message: format!("is not JSON: {error}"),
        })?;
        Self::compile_value(&schema)
    }

    fn compile_value(schema: &Value) -> Result<Self, SchemaError> {
        let validator = jsonschema::draft202012::options()
            .offline()
            .with_pattern_options(
                PatternOptions::fancy_regex()
                    .backtrack_limit(BACKTRACK_LIMIT)
                    .size_limit(PATTERN_SIZE_LIMIT)
                    .dfa_size_limit(PATTERN_SIZE_LIMIT),
            )
            .build(schema)
            .map_err(|error| SchemaError {
                path: error.instance_path().to_string(),
                message: messages::of_schema_error(&error),
            })?;
        Ok(Self {
            validator: Arc::new(validator),
        })
    }

    /// Checks a value. At most 20 violations are reported.
    pub fn check(&self, value: &Value) -> Result<(), Vec<Violation>> {
        let violations: Vec<Violation> = self
            .validator
            .iter_errors(value)
            .take(MAX_VIOLATIONS)
            .map(|error| Violation {
                path: messages::path(&error),
                message: messages::of_violation(error.kind()),
            })
            .collect();
        if violations.is_empty() {
            Ok(())
        } else {
            Err(violations)
        }
    }
}

impl fmt::Debug for ArgumentSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArgumentSchema").finish_non_exhaustive()
    }
}
