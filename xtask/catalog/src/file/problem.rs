//! What is wrong with a file, said so that an editor can jump there.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use super::Catalog;

/// One thing to mend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileProblem {
    /// The file.
    #[serde(serialize_with = "displayed")]
    pub file: PathBuf,
    /// The line, from 1; 0 when it is about the file as a whole.
    pub line: usize,
    /// The registration, by its id or by its place in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration: Option<String>,
    /// The field, as a path such as `inputSchema.properties.a`; empty for the registration as a whole.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub field: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

fn displayed<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&path.display())
}

impl fmt::Display for FileProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if let Some(registration) = &self.registration {
            write!(f, ": {registration}")?;
        }
        if !self.field.is_empty() {
            write!(f, ": {}", self.field)?;
        }
        write!(f, ": {}", self.message)
    }
}

/// Everything that is wrong with the files; at least one problem.
#[derive(Debug, Clone)]
pub struct FileProblems {
    /// The problems, file by file in the order of lines.
    pub problems: Vec<FileProblem>,
    /// The registrations that nothing is wrong with, as far as can be seen here.
    pub readable: Catalog,
}

impl fmt::Display for FileProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problems.len() {
            1 => f.write_str("the catalogue has a problem:")?,
            count => write!(f, "the catalogue has {count} problems:")?,
        }
        for problem in &self.problems {
            write!(f, "\n  {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for FileProblems {}
