//! The cursors of MCP lists.

use registry::{Cursor, RegistrationName, RegistrationType};
use rmcp::{ErrorData, model::PaginatedRequestParams};

/// Marks the part of a resource list that templates' functions are asked for.
const BEHIND_TEMPLATES: &str = "t.";

/// Where a list goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// After a registration, or at the start.
    After(Option<RegistrationName>),
    /// Among the resources behind templates, after a template, or at the first one.
    BehindTemplates(Option<RegistrationName>),
}

impl Place {
    /// Reads the cursor of a request. None and the empty one stand for the start.
    ///
    /// # Errors
    ///
    /// -32602 for a cursor that this list didn't give out.
    pub(super) fn of(
        request: Option<PaginatedRequestParams>,
        kind: RegistrationType,
    ) -> Result<Self, ErrorData> {
        let cursor = request
            .and_then(|request| request.cursor)
            .unwrap_or_default();
        match cursor.as_str().strip_prefix(BEHIND_TEMPLATES) {
            Some(rest) if kind == RegistrationType::Resource => {
                Ok(Self::BehindTemplates(name(rest, kind)?))
            }
            _ => Ok(Self::After(name(&cursor, kind)?)),
        }
    }

    /// As [`Self::of`], for lists that consist of registrations alone.
    pub(super) fn of_registrations(
        request: Option<PaginatedRequestParams>,
        kind: RegistrationType,
    ) -> Result<Option<RegistrationName>, ErrorData> {
        match Self::of(request, kind)? {
            Self::After(name) => Ok(name),
            Self::BehindTemplates(_) => Err(invalid()),
        }
    }

    /// The cursor that leads here.
    pub(super) fn to_cursor(&self, kind: RegistrationType) -> String {
        let text = |after: &Option<RegistrationName>| {
            after
                .clone()
                .map(|after| Cursor { kind, after }.to_string())
                .unwrap_or_default()
        };
        match self {
            Self::After(after) => text(after),
            Self::BehindTemplates(after) => format!("{BEHIND_TEMPLATES}{}", text(after)),
        }
    }
}

/// The cursor that leads to the page after `next`.
pub(super) fn after(next: Option<&RegistrationName>, kind: RegistrationType) -> Option<String> {
    next.map(|name| Place::After(Some(name.clone())).to_cursor(kind))
}

fn name(cursor: &str, kind: RegistrationType) -> Result<Option<RegistrationName>, ErrorData> {
    if cursor.is_empty() {
        return Ok(None);
    }
    match cursor.parse::<Cursor>() {
        Ok(cursor) if cursor.kind == kind => Ok(Some(cursor.after)),
        _ => Err(invalid()),
    }
}

fn invalid() -> ErrorData {
    ErrorData::invalid_params("the cursor is not one that this list gave out", None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cursor: &str, kind: RegistrationType) -> Result<Place, ErrorData> {
        Place::of(
            Some(PaginatedRequestParams::default().with_cursor(Some(cursor.to_owned()))),
            kind,
        )
    }

    #[test]
    fn a_cursor_leads_back_to_its_place() {
        let name: RegistrationName = "a-b.c".parse().unwrap();
        for place in [
            Place::After(None),
            Place::After(Some(name.clone())),
            Place::BehindTemplates(None),
            Place::BehindTemplates(Some(name)),
        ] {
            let cursor = place.to_cursor(RegistrationType::Resource);
            assert_eq!(read(&cursor, RegistrationType::Resource).unwrap(), place);
        }
    }

    #[test]
    fn cursors_of_other_lists_and_inventions_are_refused() {
        let tools = Place::After(Some("x".parse().unwrap())).to_cursor(RegistrationType::Tool);
        assert!(read(&tools, RegistrationType::Prompt).is_err());
        for invented in ["x", "t.", "t.!", "null", "%00"] {
            assert_eq!(
                read(invented, RegistrationType::Tool).unwrap_err().code.0,
                -32602,
                "{invented}"
            );
        }
    }
}
