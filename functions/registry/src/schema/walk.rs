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
            &Place {
                schema,
                path: path.to_owned(),
                depth: 0,
                is_property: true,
            },
            visit,
        );
    }
}

fn descend<'a>(place: &Place<'a>, visit: &mut impl FnMut(&Place<'a>) -> bool) -> bool {
    visit(place)
        && subschemas(place.schema).all(|below| {
            descend(
                &Place {
                    schema: below.schema,
                    path: format!("{}.{}", place.path, below.path),
                    depth: place.depth + 1,
                    is_property: place.is_property && below.keyword == "properties",
                },
                visit,
            )
        })
}

/// A schema directly inside another.
pub(super) struct Below<'a> {
    pub(super) schema: &'a Map<String, Value>,
    /// The keyword that holds it.
    pub(super) keyword: &'a str,
    /// The keyword, and the name or index under it if there are several.
    path: String,
}

/// What lies directly in a schema and may be one, as objects: `true` and `false` hold nothing.
pub(super) fn subschemas(schema: &Map<String, Value>) -> impl Iterator<Item = Below<'_>> {
    schema.iter().flat_map(|(keyword, value)| {
        let held: Vec<(String, &Value)> = match (keyword.as_str(), value) {
            // Values and names, not schemas.
            ("default" | "const" | "enum" | "examples" | "dependentRequired" | "required", _) => {
                Vec::new()
            }
            (
                "properties" | "$defs" | "definitions" | "dependencies" | "dependentSchemas"
                | "patternProperties",
                Value::Object(schemas),
            ) => schemas
                .iter()
                .map(|(name, schema)| (join(keyword, name), schema))
                .collect(),
            (_, Value::Array(schemas)) => schemas
                .iter()
                .enumerate()
                .map(|(index, schema)| (format!("{keyword}[{index}]"), schema))
                .collect(),
            (_, schema) => vec![(keyword.clone(), schema)],
        };
        held.into_iter().filter_map(move |(path, schema)| {
            Some(Below {
                schema: schema.as_object()?,
                keyword,
                path,
            })
        })
    })
}
