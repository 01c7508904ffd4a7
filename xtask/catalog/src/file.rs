//! Catalogues as files: YAML or JSON, read with everything that is wrong with them.

mod problem;
pub(crate) mod scalar;
pub(crate) mod yaml;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fs_err as fs;

pub use self::problem::{FileProblem, FileProblems};
use self::yaml::parse;
use crate::document::Document;
use crate::id::{Id, Kind};
use crate::node::{Content, Node};
use crate::schema::{DocumentSchemas, unknown_field};

/// The names that a file's top level may have, beside those that begin with `x-`.
const TOP_LEVEL: [&str; 2] = ["registrations", "$schema"];
/// How the files of a folder end.
const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// A wanted registration, and where it is written.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The registration.
    pub document: Document,
    /// The file that it is in.
    pub file: Arc<Path>,
}

impl Entry {
    /// A problem with one of its fields, at its line.
    pub fn problem(&self, field: &str, message: impl Into<String>) -> FileProblem {
        FileProblem {
            file: self.file.to_path_buf(),
            line: self.document.written().line_of(field),
            registration: Some(self.document.id().to_string()),
            field: field.to_owned(),
            message: message.into(),
        }
    }
}

/// What the files want, in the order of the registry's lists.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// The registrations, each id and each URI once.
    pub entries: Vec<Entry>,
}

/// The files that `paths` name: files as they are, of folders every `.yaml`, `.yml` and `.json` at any depth.
pub fn files(paths: &[PathBuf]) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in paths {
        if fs::metadata(path)?.is_dir() {
            let before = found.len();
            collect(path, &mut found)?;
            if found.len() == before {
                return Err(std::io::Error::other(format!(
                    "{} has no .yaml, .yml or .json file",
                    path.display()
                )));
            }
        } else {
            found.push(path.clone());
        }
    }
    Ok(found)
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut entries: Vec<_> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    entries.sort();
    for path in entries {
        let is_catalog = path
            .extension()
            .is_some_and(|extension| EXTENSIONS.iter().any(|it| extension == *it));
        if path.is_dir() {
            collect(&path, found)?;
        } else if is_catalog {
            found.push(path);
        }
    }
    Ok(())
}

/// Why files can't be read as a catalogue.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A file or folder can't be read.
    #[error(transparent)]
    File(#[from] std::io::Error),
    /// Something is wrong with what is in them.
    #[error(transparent)]
    Problems(#[from] FileProblems),
}

/// Reads the files that `paths` name into one catalogue; says everything that is wrong with any of them.
pub fn read(paths: &[PathBuf]) -> Result<Catalog, ReadError> {
    let mut reader = Reader::new();
    for file in files(paths)? {
        // Not text at all is something wrong with the file's content, but nothing that has a line.
        let text = fs::read_to_string(&file)?;
        reader.add(&file, &text);
    }
    Ok(reader.finish()?)
}

/// Reads one file's text; for what is at hand already.
pub fn read_text(file: &Path, text: &str) -> Result<Catalog, FileProblems> {
    let mut reader = Reader::new();
    reader.add(file, text);
    reader.finish()
}

struct Reader {
    schemas: DocumentSchemas,
    /// With whether nothing is wrong with it.
    entries: Vec<(Entry, bool)>,
    ids: HashMap<Id, usize>,
    uris: HashMap<String, usize>,
    problems: Vec<FileProblem>,
}

impl Reader {
    fn new() -> Self {
        Self {
            schemas: DocumentSchemas::new(),
            entries: Vec::new(),
            ids: HashMap::new(),
            uris: HashMap::new(),
            problems: Vec::new(),
        }
    }

    fn finish(self) -> Result<Catalog, FileProblems> {
        let sound = self.entries.into_iter().filter(|(_, is_sound)| *is_sound);
        let mut entries: Vec<Entry> = sound.map(|(entry, _)| entry).collect();
        entries.sort_by(|one, other| one.document.id().cmp(other.document.id()));
        let catalog = Catalog { entries };
        if self.problems.is_empty() {
            Ok(catalog)
        } else {
            Err(FileProblems {
                problems: self.problems,
                readable: catalog,
            })
        }
    }

    fn problem(
        &mut self,
        file: &Path,
        line: usize,
        registration: Option<String>,
        message: impl Into<String>,
    ) {
        self.problems.push(FileProblem {
            file: file.to_path_buf(),
            line,
            registration,
            field: String::new(),
            message: message.into(),
        });
    }

    /// Adds a file's registrations, and its problems in the order of its lines.
    fn add(&mut self, file: &Path, text: &str) {
        let before = self.problems.len();
        self.take(file, text);
        self.problems[before..].sort_by_key(|problem| problem.line);
    }

    fn take(&mut self, file: &Path, text: &str) {
        let (root, problems) = parse(text);
        let is_broken = root.is_none() && !problems.is_empty();
        for problem in problems {
            self.problem(file, problem.line, None, problem.message);
        }
        if is_broken {
            return;
        }
        let Some(Node {
            content: Content::Map(members),
            ..
        }) = root
        else {
            let line = root.map_or(0, |root| root.line);
            return self.problem(
                file,
                line,
                None,
                "must be an object with `registrations`, the list of them",
            );
        };
        let mut found = false;
        for member in members {
            match (member.name.as_str(), member.value.content) {
                ("registrations", Content::List(documents)) => {
                    found = true;
                    let file: Arc<Path> = file.into();
                    for (index, document) in documents.into_iter().enumerate() {
                        self.entry(&file, index, document);
                    }
                }
                ("registrations", _) => {
                    found = true;
                    self.problem(
                        file,
                        member.line,
                        None,
                        "`registrations` must be a list; for none of them `[]`",
                    );
                }
                ("$schema", Content::Text(_)) => {}
                ("$schema", _) => self.problem(file, member.line, None, "`$schema` must be a text"),
                (name, _) if name.starts_with("x-") => {}
                (name, _) => {
                    let why = unknown_field(name, TOP_LEVEL);
                    let message = format!("`{name}` {why} (names that begin with `x-` are free)");
                    self.problem(file, member.line, None, message);
                }
            }
        }
        if !found {
            self.problem(
                file,
                1,
                None,
                "`registrations` is missing: the list of them, `[]` for none",
            );
        }
    }

    fn entry(&mut self, file: &Arc<Path>, index: usize, node: Node) {
        let line = node.line;
        let place = || Some(format!("registrations[{index}]"));
        if node.members().is_none() {
            let message = format!("must be an object, not {}", node.kind());
            return self.problem(file, line, place(), message);
        }
        let Some(kind) = node
            .get("type")
            .and_then(Node::as_text)
            .and_then(Kind::named)
        else {
            let line = node.line_of("type");
            return self.problem(
                file,
                line,
                place(),
                "type: must be `tool`, `resource` or `prompt`",
            );
        };
        let name = node.get("name").and_then(Node::as_text);
        let subject = name.map_or_else(
            || format!("registrations[{index}]"),
            |name| format!("{}-{name}", kind.as_str()),
        );
        let found = self.schemas.check(kind, &node);
        let is_sound = found.is_empty();
        for problem in found {
            self.problems.push(FileProblem {
                file: file.to_path_buf(),
                line: node.line_of(&problem.field),
                registration: Some(subject.clone()),
                field: problem.field,
                message: problem.message,
            });
        }
        // Without a name there is no id, and that has been said.
        if let Some(document) = Document::new(node) {
            let entry = Entry {
                document,
                file: Arc::clone(file),
            };
            self.keep(entry, is_sound);
        }
    }

    /// Keeps an entry, unless another one has its id or URI.
    fn keep(&mut self, entry: Entry, is_sound: bool) {
        let number = self.entries.len();
        let place = |other: &Entry, field: &str| {
            format!(
                "{}:{}",
                other.file.display(),
                other.document.written().line_of(field)
            )
        };
        if let Some(other) = self.ids.get(entry.document.id()) {
            let place = place(&self.entries[*other].0, "name");
            self.problems.push(entry.problem(
                "name",
                format!("stands at {place} too: keep one, or rename one"),
            ));
            return;
        }
        if let Some(uri) = entry.document.uri() {
            if let Some(other) = self.uris.get(uri) {
                let other = &self.entries[*other].0;
                let message = format!(
                    "is the URI of {} too, at {}: a URI belongs to one resource",
                    other.document.id(),
                    place(other, "uri")
                );
                self.problems.push(entry.problem("uri", message));
            } else {
                self.uris.insert(uri.to_owned(), number);
            }
        }
        self.ids.insert(entry.document.id().clone(), number);
        self.entries.push((entry, is_sound));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "catalog.yaml";

    fn read(text: &str) -> Result<Catalog, FileProblems> {
        read_text(Path::new(FILE), text)
    }

    #[test]
    fn registrations_come_in_the_order_of_the_registry() {
        let catalog = read(
            "x-function: &function\n  lambdaArn: arn:aws:lambda:us-east-1:000000000000:function:f\n\
             registrations:\n\
             - {type: prompt, name: a, <<: *function}\n\
             - {type: tool, name: b, <<: *function}\n\
             - {type: tool, name: B, <<: *function}\n\
             - {type: resource, name: a, uri: 'test://a', <<: *function}\n",
        )
        .unwrap();
        let ids: Vec<_> = catalog
            .entries
            .iter()
            .map(|it| it.document.id().to_string())
            .collect();
        assert_eq!(ids, ["tool-B", "tool-b", "resource-a", "prompt-a"]);
    }

    #[test]
    fn everything_that_is_wrong_is_said_with_its_line() {
        let error = read(
            "x-arn: &arn arn:aws:lambda:us-east-1:000000000000:function:f\n\
             registration: []\n\
             registrations:\n\
             - type: tool\n\
             \x20 name: a\n\
             \x20 lambdaArn: *arn\n\
             \x20 titel: A\n\
             - {type: tool, name: a, lambdaArn: *arn}\n\
             - {type: tools, name: a}\n\
             - 7\n\
             - type: resource\n\
             \x20 name: one\n\
             \x20 lambdaArn: *arn\n\
             \x20 uri: test://a\n\
             - type: resource\n\
             \x20 name: other\n\
             \x20 lambdaArn: *arn\n\
             \x20 uri: test://a\n\
             \x20 annotations:\n\
             \x20   priority: 2\n\
             - type: tool\n\
             \x20 description: no\n",
        )
        .unwrap_err();
        insta::assert_snapshot!(error);
        insta::assert_json_snapshot!(error.problems[0]);
    }

    #[test]
    fn other_things_than_catalogues_are_told_what_one_is() {
        let said = ["", "[]", "7", "{}", "registrations: {}", "registrations:"]
            .map(|text| read(text).unwrap_err().to_string());
        insta::assert_snapshot!(said.join("\n"));
        assert!(read("registrations: []").unwrap().entries.is_empty());
        assert!(
            read(r#"{"$schema":"./catalog.schema.json","registrations":[]}"#)
                .unwrap()
                .entries
                .is_empty()
        );
    }
}
