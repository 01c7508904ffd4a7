//! The API's answers as JSON has them.

use std::collections::HashMap;

use serde::Deserialize;

use crate::document::Document;
use crate::node::Node;
use crate::ports::{LastChange, Live, Page, Problem, Refusal, RegistryError, Verdict};

/// The answer can't be understood.
#[expect(clippy::needless_pass_by_value, reason = "what `map_err` hands over")]
pub(super) fn malformed(why: impl ToString) -> RegistryError {
    RegistryError::Answer(why.to_string())
}

/// `GET /register`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListAnswer {
    registrations: Vec<Node>,
    #[serde(default)]
    details: HashMap<String, Details>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Details {
    etag: Option<String>,
}

impl ListAnswer {
    pub(super) fn into_page(mut self, version: String) -> Result<Page, RegistryError> {
        let registrations = self.registrations.into_iter().map(|node| {
            let document = Document::new(node)
                .ok_or_else(|| malformed("a registration without type and name"))?;
            let details = self.details.remove(&document.id().to_string());
            let etag = details
                .and_then(|details| details.etag)
                .ok_or_else(|| malformed(format!("no etag of {}", document.id())))?;
            Ok(Live { document, etag })
        });
        Ok(Page {
            registrations: registrations.collect::<Result<_, RegistryError>>()?,
            next: self.next_cursor,
            version,
        })
    }
}

/// `POST /register:validate`.
#[derive(Deserialize)]
pub(super) struct ValidateAnswer {
    results: Vec<VerdictAnswer>,
}

#[derive(Deserialize)]
struct VerdictAnswer {
    #[serde(default)]
    problems: Vec<Problem>,
    registration: Option<Node>,
}

impl ValidateAnswer {
    pub(super) fn into_verdicts(self, sent: usize) -> Result<Vec<Verdict>, RegistryError> {
        if self.results.len() != sent {
            return Err(malformed(format!(
                "{} verdicts on {sent} documents",
                self.results.len()
            )));
        }
        let verdicts = self.results.into_iter().map(|answer| {
            let normalized = match answer.registration {
                Some(node) => Some(
                    Document::new(node)
                        .ok_or_else(|| malformed("a registration without type and name"))?,
                ),
                None if answer.problems.is_empty() => {
                    return Err(malformed("a valid document without its written-out form"));
                }
                None => None,
            };
            Ok(Verdict {
                problems: answer.problems,
                normalized,
            })
        });
        verdicts.collect()
    }
}

/// `GET /register/{id}/changes`.
#[derive(Deserialize)]
pub(super) struct ChangesAnswer {
    pub(super) changes: Vec<LastChange>,
}

/// Every error that is the registry's.
#[derive(Deserialize)]
pub(super) struct ErrorAnswer {
    error: ErrorBody,
}

#[derive(Deserialize)]
struct ErrorBody {
    code: String,
    message: String,
    #[serde(default)]
    problems: Vec<Problem>,
}

impl ErrorAnswer {
    pub(super) fn into_refusal(self, status: u16) -> Refusal {
        Refusal {
            status,
            code: self.error.code,
            message: self.error.message,
            problems: self.error.problems,
        }
    }
}
