//! JSON Merge Patch (RFC 7396) on JSON texts.
//!
//! By hand, since libraries patch parsed values: they would write numbers and strings anew in places that a patch does
//! not name, and schemas are kept byte for byte.

use serde_json::value::{RawValue, to_raw_value};

use super::fields::Fields;
use crate::problem::Problems;

/// What the patch makes of a document. The patch has to be an object, here and wherever it goes into one, without a name
/// twice in it; both texts nest no deeper than a document may.
pub(super) fn apply(
    document: &RawValue,
    patch: &RawValue,
    problems: &mut Problems,
) -> Box<RawValue> {
    merge(Some(document), patch, "", problems).unwrap_or_else(|| document.to_owned())
}

/// None if the patch is not an object that can be read, which is noted.
fn merge(
    target: Option<&RawValue>,
    patch: &RawValue,
    at: &str,
    problems: &mut Problems,
) -> Option<Box<RawValue>> {
    let patch = Fields::read(patch, at, problems)?;
    let mut members: Vec<(String, Box<RawValue>)> = target
        .and_then(|target| Fields::read(target, at, &mut Problems::default()))
        .map(|fields| {
            let owned = |(_, name, value): (_, _, &RawValue)| (name, value.to_owned());
            fields.rest().map(owned).collect()
        })
        .unwrap_or_default();
    for (path, name, value) in patch.rest() {
        let place = members.iter().position(|(member, _)| *member == name);
        let merged = match value.get().as_bytes().first() {
            Some(b'n') => {
                if let Some(place) = place {
                    members.remove(place);
                }
                continue;
            }
            Some(b'{') => {
                let old = place.map(|place| &*members[place].1);
                merge(old, value, &path, problems)?
            }
            _ => value.to_owned(),
        };
        match place {
            Some(place) => members[place].1 = merged,
            None => members.push((name, merged)),
        }
    }
    Some(object(&members))
}

fn object(members: &[(String, Box<RawValue>)]) -> Box<RawValue> {
    let mut text = String::from("{");
    for (index, (name, value)) in members.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        let name = to_raw_value(name).expect("a string always serialises");
        text.push_str(name.get());
        text.push(':');
        text.push_str(value.get());
    }
    text.push('}');
    RawValue::from_string(text).expect("an object of JSON texts is one")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn patched(document: &str, patch: &str) -> Result<String, String> {
        let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
        let mut problems = Problems::default();
        let result = apply(&raw(document), &raw(patch), &mut problems);
        if problems.is_empty() {
            Ok(result.get().to_owned())
        } else {
            Err(problems.to_string())
        }
    }

    #[test]
    fn the_examples_of_the_rfc_come_out_as_printed_there() {
        // RFC 7396, appendix A, as far as document and patch are objects.
        for (document, patch, expected) in [
            (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"a":null}"#, "{}"),
            (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
            (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
            (
                r#"{"a":{"b":"c"}}"#,
                r#"{"a":{"b":"d","c":null}}"#,
                r#"{"a":{"b":"d"}}"#,
            ),
            (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
            (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#),
            ("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
        ] {
            assert_eq!(
                patched(document, patch).as_deref(),
                Ok(expected),
                "{document} {patch}"
            );
        }
    }

    #[test]
    fn what_is_not_named_stays_byte_for_byte() {
        let document = r#"{"a":{"x": 1.10,"y":18446744073709551617},"b":"\u0041","c":1e2}"#;
        assert_eq!(
            patched(document, r#"{"a":{"z":0}}"#).unwrap(),
            r#"{"a":{"x":1.10,"y":18446744073709551617,"z":0},"b":"\u0041","c":1e2}"#
        );
    }

    #[test]
    fn a_patch_that_can_not_be_one_says_where() {
        for (patch, expected) in [
            ("[]", "must be a JSON object, not an array"),
            ("null", "must be a JSON object, not null"),
            (
                r#"{"a":1,"a":2}"#,
                "a: stands here more than once: keep one",
            ),
            (
                r#"{"b":{"a":{"c":1,"c":null}}}"#,
                "b.a.c: stands here more than once: keep one",
            ),
        ] {
            assert_eq!(patched("{}", patch).unwrap_err(), expected);
        }
    }

    /// The algorithm as the RFC prints it, on values.
    fn by_the_rfc(target: &mut Value, patch: &Value) {
        let Value::Object(patch) = patch else {
            patch.clone_into(target);
            return;
        };
        if !target.is_object() {
            *target = Value::Object(serde_json::Map::default());
        }
        for (name, value) in patch {
            let members = target.as_object_mut().unwrap();
            if value.is_null() {
                members.remove(name);
            } else {
                by_the_rfc(members.entry(name).or_insert(Value::Null), value);
            }
        }
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i8>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                object_of(inner),
            ]
        })
    }

    fn object_of(member: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
        prop::collection::btree_map("[abc]", member, 0..4)
            .prop_map(|members| Value::Object(members.into_iter().collect()))
    }

    proptest! {
        #[test]
        fn patching_texts_is_patching_values(document in object_of(json()), patch in object_of(json())) {
            let text = patched(&document.to_string(), &patch.to_string()).unwrap();
            let mut expected = document;
            by_the_rfc(&mut expected, &patch);
            prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
        }
    }
}
