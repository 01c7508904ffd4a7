//! The opaque cursors of lists.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::id::{RegistrationId, RegistrationType};
use crate::name::RegistrationName;

/// Where a list goes on: after this registration. As text it is base64url, which nobody should look into.
///
/// It names a place in the order, not an item, so it stays good when that registration is deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The type that was being listed.
    pub kind: RegistrationType,
    /// The last name that was given out.
    pub after: RegistrationName,
}

/// The text is no cursor that this program made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a cursor that a list gave out")]
pub struct InvalidCursor;

/// Changes with the meaning of cursors, so that an old one is refused rather than misread.
const PREFIX: &str = "1:";

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{PREFIX}{}-{}", self.kind, self.after);
        f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(text))
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let bytes = BASE64_URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| InvalidCursor)?;
        let text = String::from_utf8(bytes).map_err(|_| InvalidCursor)?;
        let id: RegistrationId = text
            .strip_prefix(PREFIX)
            .ok_or(InvalidCursor)?
            .parse()
            .map_err(|_| InvalidCursor)?;
        Ok(Self {
            kind: id.kind,
            after: id.name,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn cursors_round_trip(index in 0usize..3, name in "[A-Za-z0-9_][A-Za-z0-9_-]{0,127}") {
            let cursor = Cursor { kind: RegistrationType::ALL[index], after: name.parse().unwrap() };
            let text = cursor.to_string();
            prop_assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')));
            prop_assert_eq!(text.parse(), Ok(cursor));
        }

        #[test]
        fn other_texts_are_refused(text in ".{0,40}") {
            prop_assert_eq!(text.parse::<Cursor>(), Err(InvalidCursor));
        }
    }
}
