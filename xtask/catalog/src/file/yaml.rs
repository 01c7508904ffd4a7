//! A file's text as one value, from YAML 1.2 or JSON, which is YAML too.
//!
//! The parser's events are read rather than a ready value, since these give the lines, the digits of numbers and whether
//! a word was in quotes. Anchors, aliases and merge keys (`<<`) are resolved here.

use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::scalar;
use crate::node::{Content, Member, Node};

/// How deep values may nest: a registration may by 128, and lies two deep in its file.
const MAX_DEPTH: usize = 130;
/// How many values aliases may add to a file: a few lines of aliases of aliases could be billions.
const MAX_ALIASED: usize = 1_000_000;
/// The key whose value is merged into the object around it (YAML's type repository, `tag:yaml.org,2002:merge`).
const MERGE: &str = "<<";

/// Something wrong at a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LineProblem {
    pub(crate) line: usize,
    pub(crate) message: String,
}

/// Reads a text. What is wrong with single words is collected, with the word as a text in its place; what leaves the
/// rest without meaning ends the reading.
pub(crate) fn parse(text: &str) -> (Option<Node>, Vec<LineProblem>) {
    let mut reader = Reader::default();
    let end = reader.read(text);
    let mut problems = reader.problems;
    if let Err(problem) = end {
        problems.push(problem);
        return (None, problems);
    }
    (reader.root, problems)
}

/// What is still open while the events are read.
enum Open {
    List {
        elements: Vec<Node>,
        anchor: usize,
        line: usize,
    },
    Map {
        members: Vec<Member>,
        merges: Vec<Merge>,
        key: Option<Key>,
        anchor: usize,
        line: usize,
    },
}

/// A key that waits for its value.
struct Key {
    name: String,
    is_merge: bool,
    line: usize,
}

/// A merge key: what it brings goes before the member with this number.
struct Merge {
    before: usize,
    value: Node,
    line: usize,
}

#[derive(Default)]
struct Reader {
    open: Vec<Open>,
    anchors: HashMap<usize, (Node, usize)>,
    aliased: usize,
    root: Option<Node>,
    problems: Vec<LineProblem>,
}

type Step = Result<(), LineProblem>;

fn stop(line: usize, message: impl Into<String>) -> LineProblem {
    LineProblem {
        line,
        message: message.into(),
    }
}

impl Reader {
    fn read(&mut self, text: &str) -> Step {
        for event in Parser::new_from_str(text) {
            let (event, span) = event.map_err(|error| {
                let message = format!("is not YAML: {}", error.kind());
                stop(error.marker().line(), message)
            })?;
            self.take(event, span)?;
        }
        Ok(())
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Step {
        let line = span.start.line();
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_key = matches!(self.open.last(), Some(Open::Map { key: None, .. }));
                let is_plain = style == ScalarStyle::Plain && !is_text(tag.as_deref(), line)?;
                if is_key {
                    return self.key(text.into_owned(), is_plain, line);
                }
                let content = if is_plain {
                    scalar::resolve(&text).unwrap_or_else(|message| {
                        self.problems.push(stop(line, message));
                        Content::Text(text.into_owned())
                    })
                } else {
                    Content::Text(text.into_owned())
                };
                self.done(Node { content, line }, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                is_text(tag.as_deref(), line)?;
                self.nest(Open::List {
                    elements: Vec::new(),
                    anchor,
                    line,
                })
            }
            Event::MappingStart(_, anchor, tag) => {
                is_text(tag.as_deref(), line)?;
                self.nest(Open::Map {
                    members: Vec::new(),
                    merges: Vec::new(),
                    key: None,
                    anchor,
                    line,
                })
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::List {
                    elements,
                    anchor,
                    line,
                }) => {
                    let content = Content::List(elements);
                    self.done(Node { content, line }, anchor)
                }
                Some(Open::Map {
                    members,
                    merges,
                    anchor,
                    line,
                    ..
                }) => {
                    let content = Content::Map(merged(members, merges)?);
                    self.done(Node { content, line }, anchor)
                }
                None => Err(stop(line, "ends what did not begin")),
            },
            Event::Alias(anchor) => {
                let Some((node, size)) = self.anchors.get(&anchor) else {
                    return Err(stop(
                        line,
                        "refers to what contains it: an alias comes after its anchor",
                    ));
                };
                self.aliased += size;
                if self.aliased > MAX_ALIASED {
                    return Err(stop(
                        line,
                        format!(
                            "grows beyond {MAX_ALIASED} values by its aliases: write out less by alias"
                        ),
                    ));
                }
                let node = node.clone();
                self.place(node, line)
            }
            Event::DocumentStart(..) if self.root.is_some() => Err(stop(
                line,
                "begins a second document: put everything below one `registrations`",
            )),
            _ => Ok(()),
        }
    }

    fn nest(&mut self, open: Open) -> Step {
        let (Open::List { line, .. } | Open::Map { line, .. }) = &open;
        if let Some(Open::Map { key: None, .. }) = self.open.last() {
            return Err(stop(*line, "has a key that is no text"));
        }
        if self.open.len() == MAX_DEPTH {
            return Err(stop(
                *line,
                format!("nests deeper than {MAX_DEPTH}: flatten it"),
            ));
        }
        self.open.push(open);
        Ok(())
    }

    /// A key is a name, whatever else the word might be: JSON's objects have nothing but texts for keys.
    fn key(&mut self, name: String, is_plain: bool, line: usize) -> Step {
        let Some(Open::Map { members, key, .. }) = self.open.last_mut() else {
            return Err(stop(line, "has a key outside of an object"));
        };
        let is_merge = is_plain && name == MERGE;
        if let Some(other) = members.iter().find(|member| member.name == name) {
            self.problems.push(stop(
                line,
                format!(
                    "`{name}` stands here more than once, first at line {}: keep one",
                    other.line
                ),
            ));
        }
        *key = Some(Key {
            name,
            is_merge,
            line,
        });
        Ok(())
    }

    fn done(&mut self, node: Node, anchor: usize) -> Step {
        if anchor != 0 {
            let size = size(&node);
            self.anchors.insert(anchor, (node.clone(), size));
        }
        let line = node.line;
        self.place(node, line)
    }

    fn place(&mut self, node: Node, at: usize) -> Step {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { elements, .. }) => elements.push(node),
            Some(Open::Map {
                members,
                merges,
                key,
                ..
            }) => match key.take() {
                Some(Key {
                    is_merge: true,
                    line,
                    ..
                }) => merges.push(Merge {
                    before: members.len(),
                    value: node,
                    line,
                }),
                Some(Key { name, line, .. }) => {
                    if !members.iter().any(|member| member.name == name) {
                        members.push(Member {
                            name,
                            value: node,
                            line,
                        });
                    }
                }
                // An alias in a key's place.
                None => match node.content {
                    Content::Text(name) => return self.key(name, false, at),
                    _ => return Err(stop(at, "has a key that is no text")),
                },
            },
        }
        Ok(())
    }
}

/// The members with those of merge keys in the keys' places. An object's own members go before merged ones, and what was
/// merged first before what was merged later.
fn merged(own: Vec<Member>, merges: Vec<Merge>) -> Result<Vec<Member>, LineProblem> {
    if merges.is_empty() {
        return Ok(own);
    }
    let mut known: HashSet<String> = own.iter().map(|member| member.name.clone()).collect();
    let mut all = Vec::with_capacity(own.len());
    let mut own = own.into_iter();
    let mut taken = 0;
    for Merge {
        before,
        value,
        line,
    } in merges
    {
        all.extend(own.by_ref().take(before - taken));
        taken = before;
        let sources = match value.content {
            Content::List(elements) => elements,
            _ => vec![value],
        };
        for source in sources {
            let Content::Map(members) = source.content else {
                let message = "`<<` merges objects: give it an alias of one, or a list of such";
                return Err(stop(line, message));
            };
            all.extend(
                members
                    .into_iter()
                    .filter(|member| known.insert(member.name.clone())),
            );
        }
    }
    all.extend(own);
    Ok(all)
}

/// How many values a value consists of.
fn size(node: &Node) -> usize {
    1 + match &node.content {
        Content::List(elements) => elements.iter().map(size).sum(),
        Content::Map(members) => members.iter().map(|member| size(&member.value)).sum(),
        _ => 0,
    }
}

/// Whether a tag says that its scalar is a text. Other tags than those of JSON's own types have no meaning here.
fn is_text(tag: Option<&Tag>, line: usize) -> Result<bool, LineProblem> {
    match tag {
        None => Ok(false),
        Some(tag) => match tag.core_suffix() {
            Some("str") => Ok(true),
            Some("map" | "seq") => Ok(false),
            _ => Err(stop(
                line,
                format!(
                    "has the tag {}, which means nothing here: remove it",
                    tag.original()
                ),
            )),
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The value as JSON, and the problems.
    fn read(text: &str) -> String {
        let (node, problems) = parse(text);
        let mut lines: Vec<_> = node.iter().map(Node::to_json).collect();
        lines.extend(
            problems
                .iter()
                .map(|problem| format!("{}: {}", problem.line, problem.message)),
        );
        lines.join("\n")
    }

    #[test]
    fn values_keep_their_order_digits_and_quotes() {
        insta::assert_snapshot!(read("b: 1.50\na: [yes-man, 'no', \"on\", !!str 12, null]\n2: |\n  x\n  y\n"), @r#"{"b":1.50,"a":["yes-man","no","on","12",null],"2":"x\ny\n"}"#);
        insta::assert_snapshot!(read("{\"a\": \"\\ud83d\\ude00\\/\",\n\t\"b\": 1e0}"), @r#"{"a":"😀/","b":1e0}"#);
    }

    #[test]
    fn aliases_are_written_out_and_merge_keys_merged() {
        insta::assert_snapshot!(read("x: &x {a: 1, b: 2}\ny: *x\nz:\n  c: 0\n  <<: *x\n  b: 3\n"), @r#"{"x":{"a":1,"b":2},"y":{"a":1,"b":2},"z":{"c":0,"a":1,"b":3}}"#);
        insta::assert_snapshot!(read("[&x {a: 1}, &y {a: 2, b: 2}, {<<: [*x, *y]}, {'<<': 1}]"), @r#"[{"a":1},{"a":2,"b":2},{"a":1,"b":2},{"<<":1}]"#);
        insta::assert_snapshot!(read("a: 1\n<<: 2"), @"2: `<<` merges objects: give it an alias of one, or a list of such");
    }

    #[test]
    fn lines_are_those_of_the_file() {
        let (node, _) = parse("# one\na:\n  - b\n  - c: |\n      text\n    d: 1\n");
        let node = node.unwrap();
        let lines = ["a", "a[0]", "a[1].c", "a[1].d"].map(|path| node.line_of(path));
        assert_eq!(lines, [2, 3, 4, 6]);
    }

    #[test]
    fn everything_that_is_wrong_has_its_line() {
        insta::assert_snapshot!(read("a: yes\na: 2\nb: 0x1\n"), @r#"
        {"a":"yes","b":"0x1"}
        1: `yes` is a boolean to some readers of YAML and a text to others: write true, or "yes" for the text
        2: `a` stands here more than once, first at line 1: keep one
        3: `0x1` is a number to some readers of YAML and a text to others: write it as JSON writes numbers, or "0x1" for the text
        "#);
        insta::assert_snapshot!(read("a: [1,\nb: 2"));
        insta::assert_snapshot!(read("a: 1\n---\nb: 2"), @"2: begins a second document: put everything below one `registrations`");
        insta::assert_snapshot!(read("a: !Ref b"), @"1: has the tag !Ref, which means nothing here: remove it");
        insta::assert_snapshot!(read("? [a]\n: 1"), @"1: has a key that is no text");
        insta::assert_snapshot!(read(&("[".repeat(200) + &"]".repeat(200))), @"1: nests deeper than 130: flatten it");
        assert_eq!(read("# nothing"), "");
    }

    #[test]
    fn aliases_of_aliases_do_not_fill_the_memory() {
        let mut lines = vec!["a: &a0 [1,1,1,1,1,1,1,1,1,1]".to_owned()];
        for level in 1..9 {
            let elements = vec![format!("*a{}", level - 1); 10].join(", ");
            lines.push(format!("a{level}: &a{level} [{elements}]"));
        }
        let text = lines.join("\n");
        assert!(read(&text).contains("by its aliases"), "{}", read(&text));
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in ".{0,80}") {
            parse(&text);
        }

        #[test]
        fn json_is_read_as_it_is(texts in proptest::collection::btree_map("[a-zA-Z]{1,8}", "[ -~äß€\\n\\t]{0,20}", 1..5)) {
            let json = serde_json::json!({"map": texts, "list": [texts.len(), true, null]}).to_string();
            let (node, problems) = parse(&json);
            prop_assert_eq!(problems, vec![]);
            prop_assert_eq!(node.unwrap().to_json(), json);
        }
    }
}
