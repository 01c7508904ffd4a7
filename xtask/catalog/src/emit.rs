//! Registrations as YAML that reads back as what it was.
//!
//! Written by hand, because numbers keep their digits, and because words are put in quotes where the reader here
//! ([`mod@crate::file`]) or one of YAML 1.1 would take them for something else.

use std::fmt::Write as _;

use crate::file::scalar;
use crate::node::{Content, Node};

/// The lines of one entry of a block list that begins at `indent` blanks, each with its line's end.
pub(crate) fn list_entry(node: &Node, indent: usize) -> String {
    let mut text = " ".repeat(indent);
    text.push('-');
    value(&mut text, node, indent + 2, true);
    text
}

/// A value behind a key's colon or a list's dash, whose own lines begin at `indent` blanks.
fn value(text: &mut String, node: &Node, indent: usize, in_list: bool) {
    match &node.content {
        Content::Map(members) if !members.is_empty() => {
            let mut is_first = true;
            for member in members {
                if is_first && in_list {
                    text.push(' ');
                } else {
                    if is_first {
                        text.push('\n');
                    }
                    text.push_str(&" ".repeat(indent));
                }
                is_first = false;
                text.push_str(&word(&member.name));
                text.push(':');
                value(text, &member.value, indent + 2, false);
            }
        }
        Content::List(elements) if !elements.is_empty() => {
            text.push('\n');
            for element in elements {
                text.push_str(&list_entry(element, indent));
            }
        }
        Content::Text(content) if is_block(content) => block(text, content, indent),
        Content::Map(_) => text.push_str(" {}\n"),
        Content::List(_) => text.push_str(" []\n"),
        Content::Null => text.push_str(" null\n"),
        Content::Bool(content) => line(text, if *content { "true" } else { "false" }),
        Content::Number(digits) => line(text, digits),
        Content::Text(content) => line(text, &word(content)),
    }
}

fn line(text: &mut String, content: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, " {content}");
}

/// A text of several lines as they are, which a description is best read as.
fn block(text: &mut String, content: &str, indent: usize) {
    let (lines, chomping) = match content.strip_suffix('\n') {
        Some(lines) => (lines, ""),
        None => (content, "-"),
    };
    let _ = writeln!(text, " |{chomping}");
    for line in lines.split('\n') {
        if !line.is_empty() {
            text.push_str(&" ".repeat(indent));
            text.push_str(line);
        }
        text.push('\n');
    }
}

/// Whether a text is the same again when it is read from a literal block: its lines hold printable characters alone, the
/// first says by itself how far the others are indented, and at most one line's end is at its end.
fn is_block(content: &str) -> bool {
    let is_plain = |c: char| c == '\n' || c == '\t' || is_printable(c);
    let lines = content.strip_suffix('\n').unwrap_or(content);
    lines.contains('\n')
        && content.chars().all(is_plain)
        && !lines.starts_with([' ', '\t', '\n'])
        && !lines.ends_with('\n')
        && lines
            .split('\n')
            .all(|line| line.is_empty() || !line.trim().is_empty())
}

/// A text on one line: bare if every reader takes that for the text, in double quotes otherwise.
fn word(content: &str) -> String {
    if is_bare(content) {
        return content.to_owned();
    }
    let quoted = serde_json::to_string(content).expect("a text always serialises");
    // JSON leaves characters as they are that YAML calls unprintable.
    let mut text = String::with_capacity(quoted.len());
    for c in quoted.chars() {
        if is_printable(c) {
            text.push(c);
        } else {
            let _ = write!(text, "\\u{:04x}", c as u32);
        }
    }
    text
}

fn is_bare(content: &str) -> bool {
    let starts_well = content.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '/'));
    let is_known_to_yaml_1_1 = matches!(content, "y" | "Y" | "n" | "N");
    starts_well
        && !is_known_to_yaml_1_1
        && content
            .chars()
            .all(|c| is_printable(c) && (c == ' ' || !c.is_whitespace()))
        && !content.ends_with([' ', ':'])
        && !content.contains(": ")
        && !content.contains(" #")
        && matches!(scalar::resolve(content), Ok(Content::Text(_)))
}

/// YAML 1.2, production `c-printable`, without line ends and tabs; characters beyond the first plane are printable.
fn is_printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
        && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::file::yaml;

    fn emitted(json: &str) -> String {
        list_entry(&Node::from_json(json).unwrap(), 2)
    }

    #[test]
    fn it_reads_as_a_person_would_write_it() {
        insta::assert_snapshot!(emitted(
            r#"{"type":"tool","name":"a","title":"no","description":"One.\n\n  Two: #3\n","lambdaArn":"arn:aws:lambda:us-east-1:000000000000:function:f:live","inputSchema":{"type":"object","properties":{"y":{"type":"string","enum":["on","1","a b"]},"n":{}},"required":["y"],"x":[[1,[]],{"a":1e0,"b":null}]},"size":12}"#
        ));
    }

    proptest! {
        #[test]
        fn what_is_emitted_reads_back(text in "[ -~\\n\\té\u{85}\u{feff}\u{2028}😀]{0,24}", key in "\\PC{0,12}", number in any::<f64>()) {
            let json = serde_json::json!({ "a": [text, {"b": text, key.as_str(): [key]}], "n": number }).to_string();
            let node = Node::from_json(&json).unwrap();
            let (read, problems) = yaml::parse(&format!("list:\n{}", list_entry(&node, 2)));
            prop_assert_eq!(problems, vec![]);
            prop_assert_eq!(read.unwrap().get("list").unwrap().to_json(), format!("[{}]", node.to_json()));
        }
    }

    #[test]
    fn a_catalogue_is_read_back_without_problems() {
        let document = r#"{"type":"tool","name":"no","lambdaArn":"arn:aws:lambda:us-east-1:000000000000:function:f"}"#;
        let text = format!("registrations:\n{}", emitted(document));
        let catalog = crate::file::read_text(Path::new("x"), &text).unwrap();
        assert_eq!(catalog.entries[0].document.written().to_json(), document);
    }
}
