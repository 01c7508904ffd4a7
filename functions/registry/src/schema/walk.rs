//! Goes through a schema and its subschemas.

use serde_json::{Map, Value};

use crate::registration::fields::join;

/// A subschema on the way.
pub(super) struct Place<'a> {
    pub(super) schema: &'a Map<String, Value>,
    /// Such as `inputSchema.properties.a`.
    pub(super) path: String,
    /// How many schemas it lies in; the root lies in none.
    pub(super) depth: usize,
    /// Whether `properties` alone leads from the root to it, and so to one value of the arguments.
    pub(super) is_property: bool,
}

/// Visits a schema and everything below it that may be one, as long as the visitor says to go on.
///
/// What a keyword that is not JSON Schema's own holds counts as schemas: whoever gives it a meaning may read it so, and
/// bounds and rules then hold there as well.
pub(super) fn walk<'a>(root: &'a Value, path: &str, visit: &mut impl FnMut(&Place<'a>) -> bool) {
    if let Value::Object(schema) = root {
        descend(
            Place {
                schema,
                path: path.to_owned(),
                depth: 0,
                is_property: true,
            },
            visit,
        );
    }
}

fn descend<'a>(place: Place<'a>, visit: &mut impl FnMut(&Place<'a>) -> bool) -> bool {
    if !visit(&place) {
        return false;
    }
    for (keyword, value) in place.schema {
        let path = join(&place.path, keyword);
        let go_on = match (keyword.as_str(), value) {
            // Values and names, not schemas.
            ("default" | "const" | "enum" | "examples" | "dependentRequired" | "required", _) => {
                true
            }
            (
                "properties" | "$defs" | "definitions" | "dependencies" | "dependentSchemas"
                | "patternProperties",
                Value::Object(schemas),
            ) => {
                let is_property = place.is_property && keyword == "properties";
                schemas.iter().all(|(name, schema)| {
                    below(&place, schema, join(&path, name), is_property, visit)
                })
            }
            (_, Value::Array(schemas)) => schemas.iter().enumerate().all(|(index, schema)| {
                below(&place, schema, format!("{path}[{index}]"), false, visit)
            }),
            (_, schema) => below(&place, schema, path, false, visit),
        };
        if !go_on {
            return false;
        }
    }
    true
}

fn below<'a>(
    parent: &Place<'a>,
    value: &'a Value,
    path: String,
    is_property: bool,
    visit: &mut impl FnMut(&Place<'a>) -> bool,
) -> bool {
    let Value::Object(schema) = value else {
        return true;
    };
    descend(
        Place {
            schema,
            path,
            depth: parent.depth + 1,
            is_property,
        },
        visit,
    )
}
