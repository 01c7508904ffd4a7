//! A plan as text for people.

use std::fmt;

use super::{CatalogPlan, UriConflict};
use crate::node::Node;

/// The most lines of one kind that a plan shows; a catalogue may have thousands of them.
const MAX_LINES: usize = 200;
/// The most characters that a plan shows of a new registration's description.
const MAX_DESCRIPTION: usize = 60;

impl fmt::Display for CatalogPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        listed(f, &self.create, MAX_LINES, |f, creation| {
            write!(
                f,
                "+ {}{}",
                creation.id,
                about(creation.registration.written())
            )
        })?;
        listed(f, &self.change, MAX_LINES, |f, change| {
            write!(f, "~ {}", change.id)?;
            for field in &change.fields {
                write!(f, "\n    {field}")?;
            }
            Ok(())
        })?;
        // Every one of them: nobody should agree to what is not named.
        listed(f, &self.delete, usize::MAX, |f, deletion| {
            write!(
                f,
                "- {}{}",
                deletion.id,
                about(deletion.live.document.written())
            )
        })?;
        listed(f, &self.kept, MAX_LINES, |f, id| {
            write!(f, "  {id}: not in the file, kept")
        })?;
        for UriConflict { uri, wanted, kept } in &self.conflicts {
            writeln!(
                f,
                "! {wanted} has the URI {uri}, which is that of {kept}: put {kept} into the file, or delete it with --prune"
            )?;
        }
        if self.is_empty() {
            write!(f, "nothing to do: {} as wanted", self.unchanged)?;
        } else {
            let parts = [
                (self.create.len(), "to create"),
                (self.change.len(), "to change"),
                (self.delete.len(), "to delete"),
            ];
            let parts: Vec<_> = parts
                .into_iter()
                .filter(|(number, _)| *number > 0)
                .map(|(number, what)| format!("{number} {what}"))
                .collect();
            write!(f, "{}; {} as wanted", parts.join(", "), self.unchanged)?;
        }
        if !self.kept.is_empty() {
            write!(f, "; {} not in the file, kept", self.kept.len())?;
        }
        Ok(())
    }
}

fn listed<T>(
    f: &mut fmt::Formatter<'_>,
    items: &[T],
    most: usize,
    line: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for item in items.iter().take(most) {
        line(f, item)?;
        writeln!(f)?;
    }
    if let Some(more) = items.len().checked_sub(most).filter(|more| *more > 0) {
        writeln!(f, "  … and {more} more like these")?;
    }
    Ok(())
}

/// What a registration is for, beside its id.
fn about(document: &Node) -> String {
    let text = |name| document.get(name).and_then(Node::as_text);
    let Some(text) = text("title").or_else(|| text("description")) else {
        return String::new();
    };
    let line = text.lines().next().unwrap_or_default();
    let shown: String = line.chars().take(MAX_DESCRIPTION).collect();
    let more = if shown.len() < text.len() { "…" } else { "" };
    format!(": {shown}{more}")
}
