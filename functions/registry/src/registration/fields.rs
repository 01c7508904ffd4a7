//! Reads JSON objects field by field, noting every problem on the way.

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::problem::Problems;

/// How deep a document may nest. `serde_json` refuses to build a value from anything deeper, and a recursive reader
/// would run out of stack on 10,000 brackets; a check beforehand makes both a problem like any other.
pub(crate) const MAX_DEPTH: usize = 128;

/// A text of at most `longest` bytes as JSON that is safe to look into.
pub fn json_text(text: &[u8], longest: usize) -> Result<&RawValue, Problems> {
    if text.len() > longest {
        return Err(Problems::one(
            "",
            format!(
                "the document has {} bytes: shorten it to {longest} or fewer",
                text.len()
            ),
        ));
    }
    if depth(text) > MAX_DEPTH {
        return Err(Problems::one(
            "",
            format!("the document nests deeper than {MAX_DEPTH}: flatten it"),
        ));
    }
    serde_json::from_slice(text)
        .map_err(|error| Problems::one("", format!("the body is not JSON: {error}")))
}

/// How deep brackets and braces nest, without recursion and without minding whether the text is JSON otherwise.
pub(crate) fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0usize, 0usize);
    let (mut in_string, mut escaped) = (false, false);
    for byte in json {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// The path of a field below a path.
pub(crate) fn join(at: &str, field: &str) -> String {
    if at.is_empty() {
        field.to_owned()
    } else {
        format!("{at}.{field}")
    }
}

/// At most 60 characters of a text that came from outside, for use in a message.
pub(crate) fn shorten(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(60) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// What kind of JSON value a text is, for messages.
fn kind_of(raw: &RawValue) -> &'static str {
    match raw.get().as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// The members of one JSON object, each to be taken once. What nobody took is unknown.
#[derive(Debug)]
pub struct Fields<'a> {
    at: String,
    members: Vec<Member<'a>>,
}

#[derive(Debug)]
struct Member<'a> {
    name: String,
    value: &'a RawValue,
    taken: bool,
}

struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}

impl<'a> Fields<'a> {
    /// Reads an object found at `at`. Anything else is a problem, and so is a name that stands there twice.
    pub fn read(raw: &'a RawValue, at: &str, problems: &mut Problems) -> Option<Self> {
        let Ok(Members(entries)) = serde_json::from_str(raw.get()) else {
            problems.add(at, format!("must be a JSON object, not {}", kind_of(raw)));
            return None;
        };
        let mut members: Vec<Member<'a>> = Vec::with_capacity(entries.len());
        for (name, value) in entries {
            if members.iter().any(|member| member.name == name) {
                problems.add(
                    join(at, &shorten(&name)),
                    "stands here more than once: keep one",
                );
            } else {
                members.push(Member {
                    name,
                    value,
                    taken: false,
                });
            }
        }
        Some(Self {
            at: at.to_owned(),
            members,
        })
    }

    /// The path of one of the fields.
    pub fn path(&self, name: &str) -> String {
        join(&self.at, name)
    }

    /// Takes a field. `null` counts as absent.
    pub fn take(&mut self, name: &str) -> Option<&'a RawValue> {
        let member = self.members.iter_mut().find(|member| member.name == name)?;
        member.taken = true;
        (member.value.get() != "null").then_some(member.value)
    }

    /// Takes a string of at most `longest` characters. An empty one counts as absent.
    pub fn text(&mut self, name: &str, longest: usize, problems: &mut Problems) -> Option<String> {
        let raw = self.take(name)?;
        let text = as_text(raw, &self.path(name), problems)?;
        let length = text.chars().count();
        if length > longest {
            problems.add(
                self.path(name),
                format!("has {length} characters: shorten it to {longest} or fewer"),
            );
            return None;
        }
        (!text.is_empty()).then_some(text)
    }

    /// Takes `true` or `false`.
    pub fn boolean(&mut self, name: &str, problems: &mut Problems) -> Option<bool> {
        let raw = self.take(name)?;
        let value = serde_json::from_str(raw.get()).ok();
        if value.is_none() {
            problems.add(
                self.path(name),
                format!("must be `true` or `false`, not {}", kind_of(raw)),
            );
        }
        value
    }

    /// Takes a whole number within bounds.
    pub fn integer(
        &mut self,
        name: &str,
        bounds: std::ops::RangeInclusive<u64>,
        problems: &mut Problems,
    ) -> Option<u64> {
        let raw = self.take(name)?;
        let value = serde_json::from_str(raw.get())
            .ok()
            .filter(|value| bounds.contains(value));
        if value.is_none() {
            problems.add(
                self.path(name),
                format!(
                    "must be a whole number from {} to {}",
                    bounds.start(),
                    bounds.end()
                ),
            );
        }
        value
    }

    /// Takes one of a few words.
    pub fn choice<T: Copy>(
        &mut self,
        name: &str,
        choices: &[(&str, T)],
        problems: &mut Problems,
    ) -> Option<T> {
        let raw = self.take(name)?;
        let text: Option<String> = serde_json::from_str(raw.get()).ok();
        let found = choices
            .iter()
            .find(|(word, _)| Some(*word) == text.as_deref());
        if found.is_none() {
            let words: Vec<String> = choices
                .iter()
                .map(|(word, _)| format!("`{word}`"))
                .collect();
            problems.add(self.path(name), format!("must be {}", words.join(" or ")));
        }
        found.map(|(_, value)| *value)
    }

    /// Takes an array and gives its elements with their paths.
    pub fn array(
        &mut self,
        name: &str,
        problems: &mut Problems,
    ) -> Option<Vec<(String, &'a RawValue)>> {
        let raw = self.take(name)?;
        as_array(raw, &self.path(name), problems)
    }

    /// Takes every field that is left, `null` or not.
    pub fn rest(self) -> impl Iterator<Item = (String, String, &'a RawValue)> {
        let at = self.at;
        self.members
            .into_iter()
            .filter(|member| !member.taken)
            .map(move |member| (join(&at, &member.name), member.name, member.value))
    }

    /// Says of every field that nobody took that it is unknown; `why` may know better than that.
    pub fn finish(
        self,
        known: &[&str],
        why: impl Fn(&str) -> Option<String>,
        problems: &mut Problems,
    ) {
        for (path, name, _) in self.rest() {
            let message = why(&name).unwrap_or_else(|| match closest(&name, known) {
                Some(meant) => format!("is not a known field; did you mean `{meant}`?"),
                None => "is not a known field: remove it".to_owned(),
            });
            problems.add(shorten(&path), message);
        }
    }
}

/// A JSON string, or a problem.
pub(super) fn as_text(raw: &RawValue, at: &str, problems: &mut Problems) -> Option<String> {
    let text = serde_json::from_str(raw.get()).ok();
    if text.is_none() {
        problems.add(at, format!("must be a string, not {}", kind_of(raw)));
    }
    text
}

/// The elements of a JSON array with their paths, or a problem.
pub(super) fn as_array<'a>(
    raw: &'a RawValue,
    at: &str,
    problems: &mut Problems,
) -> Option<Vec<(String, &'a RawValue)>> {
    let Ok(elements) = serde_json::from_str::<Vec<&'a RawValue>>(raw.get()) else {
        problems.add(at, format!("must be an array, not {}", kind_of(raw)));
        return None;
    };
    let paths = (0..).map(|index| format!("{at}[{index}]"));
    Some(paths.zip(elements).collect())
}

/// Whether a JSON text is `{}` or `[]`, however it is spaced.
pub(super) fn is_empty(raw: &RawValue) -> bool {
    match serde_json::from_str(raw.get()) {
        Ok(Value::Object(map)) => map.is_empty(),
        Ok(Value::Array(list)) => list.is_empty(),
        _ => false,
    }
}

/// The known word that a misspelt one most likely stands for: at most two edits away, letter case aside.
fn closest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let word: Vec<char> = word.chars().take(40).flat_map(char::to_lowercase).collect();
    known
        .iter()
        .map(|candidate| {
            let letters: Vec<char> = candidate.chars().flat_map(char::to_lowercase).collect();
            (edits(&word, &letters), *candidate)
        })
        .filter(|(edits, candidate)| *edits <= 2 && *edits < candidate.len())
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many characters have to be put in, taken out or replaced to make one word the other.
fn edits(from: &[char], to: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, from) in from.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, to) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(from != to);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}
