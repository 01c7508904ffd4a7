//! JSON values as they were written: members in their order, numbers by their digits, and the line each stands at.
//!
//! `serde_json::Value` would turn `1e0` into `1.0` and 20 digits into something near them. Schemas are kept by the
//! registry to the letter, so a catalogue keeps them too.

use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::{Error as _, SerializeMap as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// A value. Two are equal when they say the same, wherever they stand; the order of members is part of what they say.
#[derive(Debug, Clone)]
pub struct Node {
    /// What it is.
    pub content: Content,
    /// The line it begins at, from 1; 0 when it does not come from a file.
    pub line: usize,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as JSON writes it.
    Number(String),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Node>),
    /// An object. No name is there twice.
    Map(Vec<Member>),
}

/// A member of an object.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Node,
    /// The line of its name, as [`Node::line`].
    pub line: usize,
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.content == other.content
    }
}

impl Eq for Node {}

impl PartialEq for Member {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.value == other.value
    }
}

impl Eq for Member {}

impl From<Content> for Node {
    fn from(content: Content) -> Self {
        Self { content, line: 0 }
    }
}

impl Node {
    /// Reads JSON.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The value as JSON without blanks.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self)
            .expect("names are texts and numbers are JSON's, so that it always serialises")
    }

    /// The members, if it is an object.
    pub fn members(&self) -> Option<&[Member]> {
        match &self.content {
            Content::Map(members) => Some(members),
            _ => None,
        }
    }

    /// The value of the member with this name.
    pub fn get(&self, name: &str) -> Option<&Self> {
        let member = self.members()?.iter().find(|member| member.name == name)?;
        Some(&member.value)
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What kind of JSON value it is, for messages.
    pub fn kind(&self) -> &'static str {
        match self.content {
            Content::Null => "null",
            Content::Bool(_) => "a boolean",
            Content::Number(_) => "a number",
            Content::Text(_) => "a string",
            Content::List(_) => "an array",
            Content::Map(_) => "an object",
        }
    }

    /// The line of the place that a path such as `inputSchema.properties.a[0]` names, or of what is nearest above it.
    /// Names may hold dots, so that the longest name that fits is taken.
    pub fn line_of(&self, path: &str) -> usize {
        let path = path.trim_start_matches('.');
        if path.is_empty() {
            return self.line;
        }
        match &self.content {
            Content::Map(members) => members
                .iter()
                .filter_map(|member| Some((member, rest_after(path, &member.name)?)))
                .max_by_key(|(member, _)| member.name.len())
                .map_or(self.line, |(member, rest)| {
                    let inner = if rest.is_empty() {
                        0
                    } else {
                        member.value.line_of(rest)
                    };
                    inner.max(member.line)
                }),
            Content::List(elements) => element(path)
                .and_then(|(index, rest)| Some(elements.get(index)?.line_of(rest)))
                .unwrap_or(self.line),
            _ => self.line,
        }
    }
}

/// What follows `name` at the beginning of a path.
fn rest_after<'a>(path: &'a str, name: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(name)?;
    (rest.is_empty() || rest.starts_with(['.', '['])).then_some(rest)
}

/// The index at the beginning of a path, and what follows.
fn element(path: &str) -> Option<(usize, &str)> {
    let (index, rest) = path.strip_prefix('[')?.split_once(']')?;
    Some((index.parse().ok()?, rest))
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.content {
            Content::Null => serializer.serialize_unit(),
            Content::Bool(value) => serializer.serialize_bool(*value),
            Content::Number(digits) => RawValue::from_string(digits.clone())
                .map_err(S::Error::custom)?
                .serialize(serializer),
            Content::Text(text) => serializer.serialize_str(text),
            Content::List(elements) => serializer.collect_seq(elements),
            Content::Map(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for member in members {
                    map.serialize_entry(&member.name, &member.value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    /// From JSON alone: a raw value is something that no other format has.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        from_raw(raw.get()).map_err(D::Error::custom)
    }
}

fn from_raw(text: &str) -> Result<Node, serde_json::Error> {
    let content = match text.as_bytes().first() {
        Some(b'{') => Content::Map(serde_json::from_str::<Members>(text)?.0),
        Some(b'[') => {
            let elements: Vec<&RawValue> = serde_json::from_str(text)?;
            let elements = elements.iter().map(|element| from_raw(element.get()));
            Content::List(elements.collect::<Result<_, _>>()?)
        }
        Some(b'"') => Content::Text(serde_json::from_str(text)?),
        Some(b't' | b'f') => Content::Bool(serde_json::from_str(text)?),
        Some(b'n') => Content::Null,
        _ => Content::Number(text.to_owned()),
    };
    Ok(content.into())
}

/// An object's members in their order, which a map of serde's would keep for values it has converted only.
struct Members(Vec<Member>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members: Vec<Member> = Vec::new();
                while let Some((name, raw)) = map.next_entry::<String, &RawValue>()? {
                    let value = from_raw(raw.get()).map_err(A::Error::custom)?;
                    // As JSON readers do: the last one counts.
                    members.retain(|member| member.name != name);
                    members.push(Member {
                        name,
                        value,
                        line: 0,
                    });
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_kept() {
        let text = r#"{"b":1e0,"a":[12345678901234567890123,-0.10,"é\u0000",null,true],"c":{}}"#;
        assert_eq!(Node::from_json(text).unwrap().to_json(), text);
    }

    #[test]
    fn order_and_digits_count_and_lines_do_not() {
        let node = |text: &str| Node::from_json(text).unwrap();
        assert_ne!(node(r#"{"a":1,"b":2}"#), node(r#"{"b":2,"a":1}"#));
        assert_ne!(node("1.0"), node("1"));
        let mut moved = node("[1]");
        moved.line = 7;
        assert_eq!(moved, node("[1]"));
    }

    #[test]
    fn paths_lead_to_lines() {
        let mut node = Node::from_json(r#"{"a":{"b.c":[{"d":1},2]}}"#).unwrap();
        let Content::Map(members) = &mut node.content else {
            panic!()
        };
        members[0].line = 1;
        let Content::Map(inner) = &mut members[0].value.content else {
            panic!()
        };
        inner[0].line = 2;
        let Content::List(elements) = &mut inner[0].value.content else {
            panic!()
        };
        elements[1].line = 4;
        let lines = ["", "a", "a.x", "a.b.c", "a.b.c[1]", "a.b.c[9]", "e"];
        let lines = lines.map(|path| node.line_of(path));
        assert_eq!(lines, [0, 1, 1, 2, 4, 2, 0]);
    }
}
