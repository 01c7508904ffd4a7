//! What a schema must be to be registered.

use serde_json::Value;
use serde_json::value::RawValue;

use super::walk::walk;
use super::{ArgumentSchema, header_rules, work};
use crate::problem::Problems;
use crate::registration::fields::shorten;

/// The most bytes of a schema.
const MAX_BYTES: usize = 64 * 1024;
/// The most schemas that one may lie in.
const MAX_DEPTH: usize = 32;
/// The most schemas inside one, itself included.
const MAX_SUBSCHEMAS: usize = 1000;

/// The most schemas that one check may look at, as [`work`] counts them: about a millisecond.
const MAX_WORK: u64 = 10_000;

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Checks the schema of a tool's arguments, found at `at`, and notes every problem.
pub(crate) fn check_input(raw: &RawValue, at: &str, problems: &mut Problems) {
    if let Some(schema) = check(raw, at, problems) {
        header_rules::check(&schema, at, problems);
    }
}

/// Checks the schema of a tool's result, found at `at`, and notes every problem.
pub(crate) fn check_output(raw: &RawValue, at: &str, problems: &mut Problems) {
    check(raw, at, problems);
}

/// The bounds first: what breaks them is not looked into any further.
fn check(raw: &RawValue, at: &str, problems: &mut Problems) -> Option<Value> {
    let bytes = raw.get().len();
    if bytes > MAX_BYTES {
        problems.add(
            at,
            format!("has {bytes} bytes: shorten it to {MAX_BYTES} or fewer"),
        );
        return None;
    }
    let schema: Value = match serde_json::from_str(raw.get()) {
        Ok(schema @ Value::Object(_)) => schema,
        Ok(_) => {
            problems.add(at, "must be a JSON Schema of type `object`");
            return None;
        }
        Err(error) => {
            problems.add(at, format!("cannot be read: {error}"));
            return None;
        }
    };
    if let Err(message) = check_size(&schema, at) {
        problems.add(at, message);
        return None;
    }
    let before = problems.len();
    if schema.get("type").and_then(Value::as_str) != Some("object") {
        // MCP sends arguments and structured results as objects (specification 2026-07-28, server/tools).
        problems.add(format!("{at}.type"), "must be `object`");
    }
    check_dialect(&schema, at, problems);
    check_references(&schema, at, problems);
    if problems.len() == before
        && let Err(error) = ArgumentSchema::compile_value(&schema)
    {
        let place = format!("{at}{}", error.path.replace('/', "."));
        problems.add(shorten(&place), error.message);
    }
    Some(schema)
}

fn check_size(schema: &Value, at: &str) -> Result<(), String> {
    let mut count = 0;
    let mut deepest = 0;
    walk(schema, at, &mut |place| {
        count += 1;
        deepest = deepest.max(place.depth);
        count <= MAX_SUBSCHEMAS && deepest <= MAX_DEPTH
    });
    if deepest > MAX_DEPTH {
        return Err(format!(
            "nests schemas deeper than {MAX_DEPTH}: flatten it, or name parts in `$defs`"
        ));
    }
    // Only now, for it counts recursively.
    if count <= MAX_SUBSCHEMAS && work::of(schema) > MAX_WORK {
        return Err(format!(
            "refers to its parts so often that a check looks at more than {MAX_WORK} schemas: refer to each part less"
        ));
    }
    if count > MAX_SUBSCHEMAS {
        return Err(format!(
            "holds more than {MAX_SUBSCHEMAS} schemas: simplify it"
        ));
    }
    Ok(())
}

/// MCP's schemas are JSON Schema 2020-12 unless they say otherwise; a validator here that reads another dialect than the
/// client does would let through what the client refuses, or the other way round.
fn check_dialect(schema: &Value, at: &str, problems: &mut Problems) {
    walk(schema, at, &mut |place| {
        if let Some(dialect) = place.schema.get("$schema")
            && dialect.as_str().map(|uri| uri.trim_end_matches('#')) != Some(DIALECT)
        {
            problems.add(
                format!("{}.$schema", place.path),
                format!("must be `{DIALECT}`, or be left out"),
            );
        }
        true
    });
}

/// A reference stays inside the schema: nothing is ever fetched, here or by a careful client.
fn check_references(schema: &Value, at: &str, problems: &mut Problems) {
    let mut ids: Vec<&str> = Vec::new();
    walk(schema, at, &mut |place| {
        ids.extend(place.schema.get("$id").and_then(Value::as_str));
        true
    });
    walk(schema, at, &mut |place| {
        for keyword in ["$ref", "$dynamicRef"] {
            let Some(reference) = place.schema.get(keyword).and_then(Value::as_str) else {
                continue;
            };
            let target = reference.split('#').next().unwrap_or_default();
            // Relative references are resolved when the schema is compiled, against the `$id` around them.
            let leads_out = target.contains(':') || (!target.is_empty() && ids.is_empty());
            if leads_out && !ids.contains(&target) {
                problems.add(
                    format!("{}.{keyword}", place.path),
                    format!(
                        "leads out of the schema, to {:?}: put what it means into `$defs` and refer to that",
                        shorten(target)
                    ),
                );
            }
        }
        true
    });
}
