//! What differs between two values, field by field.

use std::fmt;

use serde::Serialize;

use crate::node::{Content, Member, Node};

/// The most characters that a plan shows of a value.
const MAX_SHOWN: usize = 72;
/// How many characters before the first difference of two long texts are shown.
const CONTEXT: usize = 16;

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "difference")]
pub enum FieldChange {
    /// There is something where there was nothing.
    Added {
        /// The path, such as `inputSchema.properties.a`.
        field: String,
        /// What there is.
        to: Node,
    },
    /// There is nothing any more.
    Removed {
        /// The path.
        field: String,
        /// What there was.
        from: Node,
    },
    /// It is another value.
    Changed {
        /// The path.
        field: String,
        /// What it was.
        from: Node,
        /// What it is.
        to: Node,
    },
    /// The members are the same, in another order: clients and models see a schema in its author's.
    Reordered {
        /// The path.
        field: String,
        /// The names as they were.
        from: Vec<String>,
        /// The names as they are.
        to: Vec<String>,
    },
}

/// What has to change for `from` to become `to`, two documents of one registration. The order of a document's own fields
/// is the registry's, and no difference.
pub fn between(from: &Node, to: &Node) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    match (&from.content, &to.content) {
        (Content::Map(before), Content::Map(after)) => members("", before, after, &mut changes),
        _ => compare("", from, to, &mut changes),
    }
    changes
}

fn compare(field: &str, from: &Node, to: &Node, changes: &mut Vec<FieldChange>) {
    if from == to {
        return;
    }
    match (&from.content, &to.content) {
        (Content::Map(before), Content::Map(after)) if !before.is_empty() && !after.is_empty() => {
            let count = changes.len();
            members(field, before, after, changes);
            if changes.len() == count {
                changes.push(FieldChange::Reordered {
                    field: field.to_owned(),
                    from: before.iter().map(|member| member.name.clone()).collect(),
                    to: after.iter().map(|member| member.name.clone()).collect(),
                });
            }
        }
        // Lists of objects are compared by place; of others the whole says more than the parts.
        (Content::List(before), Content::List(after))
            if before.len() == after.len()
                && before.iter().chain(after).all(|it| it.members().is_some()) =>
        {
            for (index, (before, after)) in before.iter().zip(after).enumerate() {
                compare(&format!("{field}[{index}]"), before, after, changes);
            }
        }
        _ => changes.push(FieldChange::Changed {
            field: field.to_owned(),
            from: from.clone(),
            to: to.clone(),
        }),
    }
}

fn members(field: &str, before: &[Member], after: &[Member], changes: &mut Vec<FieldChange>) {
    let path = |name: &str| {
        if field.is_empty() {
            name.to_owned()
        } else {
            format!("{field}.{name}")
        }
    };
    let find = |members: &[Member], name: &str| {
        let member = members.iter().find(|member| member.name == name);
        member.map(|member| member.value.clone())
    };
    for member in after {
        match find(before, &member.name) {
            Some(from) => compare(&path(&member.name), &from, &member.value, changes),
            None => changes.push(FieldChange::Added {
                field: path(&member.name),
                to: member.value.clone(),
            }),
        }
    }
    for member in before {
        if find(after, &member.name).is_none() {
            changes.push(FieldChange::Removed {
                field: path(&member.name),
                from: member.value.clone(),
            });
        }
    }
}

impl fmt::Display for FieldChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added { field, to } => write!(f, "+ {field}: {}", shown(&to.to_json(), 0)),
            Self::Removed { field, from } => write!(f, "- {field}: {}", shown(&from.to_json(), 0)),
            Self::Changed { field, from, to } => {
                let (from, to) = (from.to_json(), to.to_json());
                let start = first_difference(&from, &to);
                write!(
                    f,
                    "~ {field}: {} -> {}",
                    shown(&from, start),
                    shown(&to, start)
                )
            }
            Self::Reordered { field, from, to } => {
                write!(
                    f,
                    "~ {field}: the order {} -> {}",
                    from.join(", "),
                    to.join(", ")
                )
            }
        }
    }
}

/// The number of the character from which two long texts are shown: a little before they differ.
fn first_difference(from: &str, to: &str) -> usize {
    if from.chars().count() <= MAX_SHOWN && to.chars().count() <= MAX_SHOWN {
        return 0;
    }
    let same = from
        .chars()
        .zip(to.chars())
        .take_while(|(one, other)| one == other);
    same.count().saturating_sub(CONTEXT)
}

/// At most [`MAX_SHOWN`] characters of a text, from a character on.
fn shown(text: &str, start: usize) -> String {
    let rest: String = text.chars().skip(start).take(MAX_SHOWN).collect();
    let left_off = text.chars().count() > start + MAX_SHOWN;
    format!(
        "{}{rest}{}",
        if start > 0 { "…" } else { "" },
        if left_off { "…" } else { "" }
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn diff(from: &str, to: &str) -> String {
        let node = |text: &str| Node::from_json(text).unwrap();
        let changes = between(&node(from), &node(to));
        changes
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn differences_are_named_by_their_fields() {
        insta::assert_snapshot!(diff(
            r#"{"title":"A","size":1,"inputSchema":{"type":"object","properties":{"a":{"type":"string"},"b":{}},"required":["a"]},"arguments":[{"name":"x"}],"_meta":{}}"#,
            r#"{"size":1,"inputSchema":{"type":"object","properties":{"a":{"type":"integer"},"c":true},"required":["a","c"]},"description":"new","arguments":[{"name":"y"}],"_meta":{"a":1}}"#,
        ), @r#"
        ~ inputSchema.properties.a.type: "string" -> "integer"
        + inputSchema.properties.c: true
        - inputSchema.properties.b: {}
        ~ inputSchema.required: ["a"] -> ["a","c"]
        + description: "new"
        ~ arguments[0].name: "x" -> "y"
        ~ _meta: {} -> {"a":1}
        - title: "A"
        "#);
    }

    #[test]
    fn the_order_counts_inside_of_fields_alone() {
        insta::assert_snapshot!(diff(r#"{"a":1,"b":{"x":1,"y":[{"c":1,"d":2}]}}"#, r#"{"b":{"y":[{"d":2,"c":1}],"x":1},"a":1}"#), @"~ b.y[0]: the order c, d -> d, c");
        assert_eq!(diff(r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#), "");
        insta::assert_snapshot!(diff(r#"{"p":{"a":1,"b":2}}"#, r#"{"p":{"b":2,"a":1}}"#), @"~ p: the order a, b -> b, a");
    }

    #[test]
    fn of_long_texts_the_difference_is_shown() {
        let text = |end: &str| format!(r#"{{"description":"{}{end}"}}"#, "word ".repeat(40));
        insta::assert_snapshot!(diff(&text("old"), &text("new and more")), @r#"~ description: … word word word old" -> … word word word new and more""#);
        insta::assert_snapshot!(diff("{}", &text("old")), @r#"+ description: "word word word word word word word word word word word word word word w…"#);
    }

    proptest! {
        #[test]
        fn equal_values_do_not_differ_and_others_do(
            from in proptest::collection::btree_map("[ab]", "[xy]", 0..3),
            to in proptest::collection::btree_map("[ab]", "[xy]", 0..3),
        ) {
            let json = |map| serde_json::json!({ "f": map }).to_string();
            let is_same = from == to;
            prop_assert_eq!(diff(&json(from), &json(to)).is_empty(), is_same);
        }
    }
}
