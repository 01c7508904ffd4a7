//! A registration's document, in the form that catalogues are written and compared in.

use crate::id::{Id, Kind};
use crate::node::{Content, Member, Node};

/// What the registry fills in where a document says nothing, and what is therefore left out here. The JSON Schema of
/// catalogues has the same as its `default`s.
const DEFAULTS: [(&str, &str); 7] = [
    ("contract", r#""native""#),
    ("enabled", "true"),
    ("invocation.stream", "false"),
    ("invocation.task", r#""forbidden""#),
    ("invocation.list", "false"),
    ("inputSchema", r#"{"type":"object"}"#),
    ("arguments", "[]"),
];

/// A registration's document.
#[derive(Debug, Clone)]
pub struct Document {
    id: Id,
    written: Node,
    short: Node,
}

impl Document {
    /// The document that `node` is, if it has a type and a name.
    pub fn new(written: Node) -> Option<Self> {
        let kind = Kind::named(written.get("type")?.as_text()?)?;
        let name = written.get("name")?.as_text()?.to_owned();
        let mut node = written.clone();
        if let Content::Map(members) = &mut node.content {
            members
                .retain(|member| member.name != "id" && !is_default(&member.name, &member.value));
            for member in &mut *members {
                if member.name == "invocation" {
                    shorten_invocation(&mut member.value);
                }
            }
            members.retain(|member| {
                member.name != "invocation"
                    || member.value.members().is_none_or(|it| !it.is_empty())
            });
        }
        Some(Self {
            id: Id { kind, name },
            written,
            short: node,
        })
    }

    /// Which registration it is.
    pub fn id(&self) -> &Id {
        &self.id
    }

    /// The document as it was written, which is what the registry is sent: what goes without saying may depend on what is
    /// said.
    pub fn written(&self) -> &Node {
        &self.written
    }

    /// The document without its `id`, which type and name say, and without defaults.
    pub fn short(&self) -> &Node {
        &self.short
    }

    /// The URI that the resource is alone to have.
    pub fn uri(&self) -> Option<&str> {
        self.short.get("uri")?.as_text()
    }

    /// Whether both are the same registration whatever the registry makes of them. If not, they may still be, once the
    /// registry has written out what one of them abbreviates.
    pub fn is_same_as(&self, other: &Self) -> bool {
        let (Some(ours), Some(theirs)) = (self.short.members(), other.short.members()) else {
            return false;
        };
        // The registry has its own order of a document's fields; below them the order is the author's.
        ours.len() == theirs.len() && ours.iter().all(|member| theirs.contains(member))
    }
}

fn shorten_invocation(node: &mut Node) {
    if let Content::Map(members) = &mut node.content {
        members
            .retain(|Member { name, value, .. }| !is_default(&format!("invocation.{name}"), value));
    }
}

fn is_default(field: &str, value: &Node) -> bool {
    let default = DEFAULTS.iter().find(|(name, _)| *name == field);
    default.is_some_and(|(_, default)| value.to_json() == *default)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Document {
        Document::new(Node::from_json(text).unwrap()).unwrap()
    }

    #[test]
    fn what_goes_without_saying_is_left_out() {
        let full = document(
            r#"{"id":"resource-a","type":"resource","name":"a","uri":"test://a","contract":"native","invocation":{"timeoutSeconds":3,"stream":false,"task":"forbidden","list":true},"enabled":true}"#,
        );
        insta::assert_snapshot!(full.short().to_json(), @r#"{"type":"resource","name":"a","uri":"test://a","invocation":{"timeoutSeconds":3,"list":true}}"#);
        let plain = document(
            r#"{"type":"tool","name":"a","contract":"agentcore","invocation":{"stream":false},"enabled":false}"#,
        );
        insta::assert_snapshot!(plain.short().to_json(), @r#"{"type":"tool","name":"a","contract":"agentcore","enabled":false}"#);
    }

    #[test]
    fn fields_have_no_order_and_what_is_in_them_has() {
        let one = document(r#"{"type":"tool","name":"a","inputSchema":{"type":"object","x":1}}"#);
        let other = document(r#"{"inputSchema":{"type":"object","x":1},"name":"a","type":"tool"}"#);
        let moved = document(r#"{"type":"tool","name":"a","inputSchema":{"x":1,"type":"object"}}"#);
        assert!(one.is_same_as(&other));
        assert!(!one.is_same_as(&moved));
    }
}
