//! A template's text as one value, with every intrinsic function in its long form.
//!
//! The short forms (`!Ref x`) are YAML tags, which a reader into plain values drops; so the parser's events are read.

use std::collections::BTreeMap;

use granit_parser::{Event, Parser, ScalarStyle, Tag};
use serde_json::{Map, Number, Value, json};

/// How deep a template may be.
const MAX_DEPTH: usize = 100;

/// What is still open while the events are read.
enum Open {
    List(Vec<Value>, Node),
    /// The entries so far and the key that waits for its value.
    Map(Map<String, Value>, Option<String>, Node),
}

/// What is known of a node before its content.
struct Node {
    anchor: usize,
    function: Option<String>,
}

/// Reads YAML or JSON; the error says what is wrong with it.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    let mut reader = Reader::default();
    for event in Parser::new_from_str(text) {
        let (event, _) = event.map_err(|error| error.to_string())?;
        reader.take(event)?;
    }
    reader.root.ok_or_else(|| "it is empty".to_owned())
}

#[derive(Default)]
struct Reader {
    open: Vec<Open>,
    anchors: BTreeMap<usize, Value>,
    root: Option<Value>,
}

impl Reader {
    fn take(&mut self, event: Event<'_>) -> Result<(), String> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let node = node(anchor, tag.as_deref())?;
                let is_plain = style == ScalarStyle::Plain && node.function.is_none();
                let value = if is_plain && !is_string(tag.as_deref()) {
                    plain(&text)
                } else {
                    Value::from(text.into_owned())
                };
                self.done(value, node)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.nest(Open::List(Vec::new(), node(anchor, tag.as_deref())?))
            }
            Event::MappingStart(_, anchor, tag) => {
                let node = node(anchor, tag.as_deref())?;
                self.nest(Open::Map(Map::new(), None, node))
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::List(list, node)) => self.done(Value::Array(list), node),
                Some(Open::Map(map, _, node)) => self.done(Value::Object(map), node),
                None => Err("it ends too early".to_owned()),
            },
            Event::Alias(anchor) => {
                let value = self.anchors.get(&anchor).cloned();
                self.place(value.ok_or("it refers to an anchor that is not there")?)
            }
            Event::DocumentStart(..) if self.root.is_some() => {
                Err("it has more than one document".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn nest(&mut self, open: Open) -> Result<(), String> {
        if self.open.len() == MAX_DEPTH {
            return Err("it is too deep".to_owned());
        }
        self.open.push(open);
        Ok(())
    }

    fn done(&mut self, value: Value, node: Node) -> Result<(), String> {
        let value = match node.function {
            Some(function) => call(&function, value),
            None => value,
        };
        if node.anchor != 0 {
            self.anchors.insert(node.anchor, value.clone());
        }
        self.place(value)
    }

    fn place(&mut self, value: Value) -> Result<(), String> {
        match self.open.last_mut() {
            None => self.root = Some(value),
            Some(Open::List(list, _)) => list.push(value),
            Some(Open::Map(map, key, _)) => match key.take() {
                None => {
                    let name = match value {
                        Value::String(text) => text,
                        Value::Object(_) | Value::Array(_) => {
                            return Err("a key must be a text".to_owned());
                        }
                        plain => plain.to_string(),
                    };
                    if map.contains_key(&name) {
                        return Err(format!("the key {name} is there twice"));
                    }
                    *key = Some(name);
                }
                Some(name) => {
                    map.insert(name, value);
                }
            },
        }
        Ok(())
    }
}

fn node(anchor: usize, tag: Option<&Tag>) -> Result<Node, String> {
    let function = match tag {
        Some(tag) if tag.handle() == "!" => Some(tag.suffix().to_owned()),
        Some(tag) if tag.handle().starts_with("tag:yaml.org,2002:") => None,
        Some(tag) => {
            return Err(format!(
                "the tag {}{} is unknown",
                tag.handle(),
                tag.suffix()
            ));
        }
        None => None,
    };
    Ok(Node { anchor, function })
}

fn is_string(tag: Option<&Tag>) -> bool {
    tag.is_some_and(|tag| tag.suffix() == "str")
}

/// The long form of a function that was written as a tag.
fn call(function: &str, argument: Value) -> Value {
    let name = match function {
        "Ref" | "Condition" => function.to_owned(),
        other => format!("Fn::{other}"),
    };
    let argument = match (function, argument) {
        ("GetAtt", Value::String(path)) => match path.split_once('.') {
            Some((id, attribute)) => json!([id, attribute]),
            None => path.into(),
        },
        (_, argument) => argument,
    };
    json!({ name: argument })
}

/// A plain scalar's value. What would not be written back the same way, such as an account's number with a leading
/// zero, stays a text.
fn plain(text: &str) -> Value {
    match text {
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        _ => {}
    }
    match serde_json::from_str::<Number>(text) {
        Ok(number) if number.to_string() == text => Value::Number(number),
        _ => Value::from(text),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> String {
        parse(text).map_or_else(|error| error, |value| value.to_string())
    }

    #[test]
    fn short_forms_become_long_ones() {
        insta::assert_snapshot!(read("a: !Ref b\nc: !GetAtt d.e.f\ng: !Sub '${h}'\ni: !If [j, !Ref k, {l: 1}]\nm: !Equals\n  - !Condition n\n  - 2\n"), @r#"{"a":{"Ref":"b"},"c":{"Fn::GetAtt":["d","e.f"]},"g":{"Fn::Sub":"${h}"},"i":{"Fn::If":["j",{"Ref":"k"},{"l":1}]},"m":{"Fn::Equals":[{"Condition":"n"},2]}}"#);
    }

    #[test]
    fn scalars_keep_their_types() {
        insta::assert_snapshot!(read("[2010-09-09, 012345678901, 1.0, 1e3, -1, true, yes, ~, '1', !!str 1, \"a\"]"), @r#"["2010-09-09","012345678901",1.0,"1e3",-1,true,"yes",null,"1","1","a"]"#);
        insta::assert_snapshot!(read("{\"a\": {\"Ref\": \"b\"}}"), @r#"{"a":{"Ref":"b"}}"#);
        insta::assert_snapshot!(read("a: &x {b: 1}\nc: *x\n1: d"), @r#"{"a":{"b":1},"c":{"b":1},"1":"d"}"#);
    }

    #[test]
    fn what_is_no_template_says_why() {
        insta::assert_snapshot!(read(""), @"it is empty");
        insta::assert_snapshot!(read("a: 1\na: 2"), @"the key a is there twice");
        insta::assert_snapshot!(read("a\n---\nb"), @"it has more than one document");
        assert!(parse("a: [").is_err());
        assert_eq!(
            read(&("[".repeat(200) + &"]".repeat(200))),
            "it is too deep"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in ".{0,80}") {
            let _ = parse(&text);
        }

        #[test]
        fn json_is_read_as_it_is(texts in proptest::collection::btree_map("[a-zA-Z]{1,8}", "[ -~äß€\\n\\t]{0,20}", 1..5)) {
            let value = json!({"map": texts, "list": [texts.len(), true, null]});
            prop_assert_eq!(parse(&value.to_string()), Ok(value));
        }
    }
}
