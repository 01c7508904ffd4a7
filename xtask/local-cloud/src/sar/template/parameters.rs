//! A template's parameters, as answers describe them.

use serde_json::{Map, Value, json};

use super::{descend, resources};

/// The parameters, in the template's order.
pub(super) fn definitions(document: &Value) -> Vec<Value> {
    let parameters = document["Parameters"].as_object().into_iter().flatten();
    parameters
        .map(|(name, parameter)| definition(document, name, parameter))
        .collect()
}

fn definition(document: &Value, name: &str, parameter: &Value) -> Value {
    let mut definition = Map::new();
    definition.insert("name".into(), name.into());
    for (from, to) in [
        ("Type", "type"),
        ("Default", "defaultValue"),
        ("Description", "description"),
        ("AllowedPattern", "allowedPattern"),
        ("ConstraintDescription", "constraintDescription"),
    ] {
        if let Some(value) = parameter.get(from) {
            definition.insert(to.into(), text(value));
        }
    }
    if let Some(values) = parameter["AllowedValues"].as_array() {
        let values: Vec<_> = values.iter().map(text).collect();
        definition.insert("allowedValues".into(), values.into());
    }
    for (from, to) in [
        ("MinLength", "minLength"),
        ("MaxLength", "maxLength"),
        ("MinValue", "minValue"),
        ("MaxValue", "maxValue"),
    ] {
        let value = &parameter[from];
        let number = value
            .as_i64()
            .or_else(|| value.as_str().and_then(|text| text.parse().ok()));
        if let Some(number) = number {
            definition.insert(to.into(), number.into());
        }
    }
    if let Some(value) = parameter.get("NoEcho") {
        definition.insert("noEcho".into(), (text(value) == "true").into());
    }
    let referring: Vec<_> = resources(document)
        .filter(|(_, resource)| refers(resource, name))
        .map(|(id, _)| json!(id))
        .collect();
    definition.insert("referencedByResources".into(), referring.into());
    Value::Object(definition)
}

/// A scalar as the text that the API has it as.
fn text(value: &Value) -> Value {
    match value {
        Value::String(text) => text.as_str().into(),
        other => other.to_string().into(),
    }
}

/// Whether a resource has the parameter's value in it, by `Ref` or `Fn::Sub`.
fn refers(resource: &Value, parameter: &str) -> bool {
    let variable = format!("${{{parameter}}}");
    let mut refers = false;
    descend(resource, &mut |value| {
        let template = match &value["Fn::Sub"] {
            Value::Array(list) => list.first().unwrap_or(&Value::Null),
            single => single,
        };
        refers |= value["Ref"] == parameter
            || template
                .as_str()
                .is_some_and(|text| text.contains(&variable));
    });
    refers
}
