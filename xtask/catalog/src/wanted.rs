//! What a catalogue wants, as the registry would keep it.

use std::collections::VecDeque;

use crate::document::Document;
use crate::file::{Catalog, Entry, FileProblem, FileProblems};
use crate::node::Node;
use crate::plan::{LiveCatalog, Wanted};
use crate::ports::{Registry, RegistryError, Verdict};
use crate::retry::Patience;

/// How many documents are checked by one request; the registry takes 1,000.
const MAX_DOCUMENTS: usize = 500;
/// How many bytes of documents one request holds, unless a single one has more. A function takes 6 MB, and answers with
/// the documents written out.
const MAX_BYTES: usize = 1_000_000;

/// Why it can't be said what a catalogue wants.
#[derive(Debug, thiserror::Error)]
pub enum WantedError {
    /// The registry finds something wrong with it.
    #[error(transparent)]
    Invalid(#[from] FileProblems),
    /// The registry did not answer what it was asked.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

/// Every entry with the registry's form of it, where that matters: what does not exist is written as it is, and what is
/// the same word for word needs no second opinion.
pub async fn resolve(
    registry: &impl Registry,
    catalog: &Catalog,
    live: &LiveCatalog,
    patience: Patience,
) -> Result<Vec<Wanted>, WantedError> {
    let is_unclear = |entry: &&Entry| {
        let live = live.get(entry.document.id());
        live.is_some_and(|live| !live.document.is_same_as(&entry.document))
    };
    let unclear: Vec<&Entry> = catalog.entries.iter().filter(is_unclear).collect();
    let verdicts = validate(registry, &unclear, false, patience).await?;
    let mut problems = Vec::new();
    let mut normalized = Vec::with_capacity(unclear.len());
    for (entry, verdict) in unclear.iter().zip(verdicts) {
        problems.extend(problems_of(entry, &verdict));
        normalized.push((entry.document.id(), verdict.normalized));
    }
    if !problems.is_empty() {
        let readable = Catalog::default();
        return Err(FileProblems { problems, readable }.into());
    }
    // Both are in the order of ids.
    let mut normalized = normalized.into_iter().peekable();
    let wanted = catalog.entries.iter().map(|entry| Wanted {
        document: entry.document.clone(),
        normalized: normalized
            .next_if(|(id, _)| *id == entry.document.id())
            .and_then(|(_, document)| document),
    });
    Ok(wanted.collect())
}

/// What the registry says of each entry.
pub async fn validate(
    registry: &impl Registry,
    entries: &[&Entry],
    health: bool,
    patience: Patience,
) -> Result<Vec<Verdict>, RegistryError> {
    let documents: Vec<&Node> = entries
        .iter()
        .map(|entry| entry.document.written())
        .collect();
    let mut verdicts = Vec::with_capacity(documents.len());
    let mut parts: VecDeque<_> = parts(&documents).into();
    while let Some(part) = parts.pop_front() {
        match patience.ask(|| registry.validate(part, health)).await {
            Ok(some) => verdicts.extend(some),
            // Written out, they are more than an answer holds.
            Err(RegistryError::Refused(refusal)) if refusal.status == 413 && part.len() > 1 => {
                let (first, second) = part.split_at(part.len() / 2);
                parts.push_front(second);
                parts.push_front(first);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(verdicts)
}

/// The registry's form of one document, if it takes it.
pub(crate) async fn normalized(
    registry: &impl Registry,
    document: &Document,
    patience: Patience,
) -> Result<Option<Document>, RegistryError> {
    let documents = [document.written()];
    let verdicts = patience
        .ask(|| registry.validate(&documents, false))
        .await?;
    Ok(verdicts.into_iter().next().and_then(|it| it.normalized))
}

/// A verdict's problems, at the lines that they are about.
pub fn problems_of(entry: &Entry, verdict: &Verdict) -> Vec<FileProblem> {
    let problems = verdict.problems.iter();
    problems
        .map(|problem| entry.problem(&problem.field, problem.message.clone()))
        .collect()
}

/// The documents in parts that a request can hold.
fn parts<'a, 'b>(documents: &'a [&'b Node]) -> Vec<&'a [&'b Node]> {
    let mut parts = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (index, document) in documents.iter().enumerate() {
        let size = document.to_json().len();
        if index > start && (bytes + size > MAX_BYTES || index - start == MAX_DOCUMENTS) {
            parts.push(&documents[start..index]);
            (start, bytes) = (index, 0);
        }
        bytes += size;
    }
    if start < documents.len() {
        parts.push(&documents[start..]);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::Content;

    #[test]
    fn requests_hold_so_many_documents_and_so_many_bytes() {
        let text = |length: usize| Node::from(Content::Text("x".repeat(length)));
        let sizes = |documents: &[Node]| {
            let documents: Vec<&Node> = documents.iter().collect();
            parts(&documents)
                .iter()
                .map(|part| part.len())
                .collect::<Vec<_>>()
        };
        assert_eq!(sizes(&[]), [0; 0]);
        assert_eq!(sizes(&vec![text(1); 1001]), [500, 500, 1]);
        assert_eq!(
            sizes(&[text(600_000), text(600_000), text(10), text(2_000_000)]),
            [1, 2, 1]
        );
    }
}
