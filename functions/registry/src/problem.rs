//! What is wrong with a registration, said so that it can be mended.

use std::fmt;

use serde::Serialize;

/// One thing to mend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where, as a path from the document's root such as `inputSchema.properties.a`; empty for the body as a whole.
    pub field: String,
    /// What is wrong, and what would be right.
    pub message: String,
    /// What to do about it, where that is more than to correct the field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.field, self.message)
        }
    }
}

/// Everything that is wrong with a document; at least one problem when it is an error.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// A single problem.
    pub fn one(field: impl Into<String>, message: impl Into<String>) -> Self {
        let mut problems = Self::default();
        problems.add(field, message);
        problems
    }

    /// Notes one more.
    pub fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(Problem {
            field: field.into(),
            message: message.into(),
            mend: None,
        });
    }

    /// Notes one more, as it is.
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Notes everything that is wrong with a document which stands at this place in a larger one.
    pub fn add_all(&mut self, place: &str, problems: &Self) {
        for problem in problems {
            let field = match problem.field.as_str() {
                "" => place.to_owned(),
                field => format!("{place}.{field}"),
            };
            self.push(Problem {
                field,
                ..problem.clone()
            });
        }
    }

    /// In the order found, which is that of the document's fields.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Extend<Problem> for Problems {
    fn extend<I: IntoIterator<Item = Problem>>(&mut self, problems: I) {
        self.0.extend(problems);
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
