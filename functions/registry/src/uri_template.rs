//! URI templates (RFC 6570), read backwards: which variables make a template this URI?

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::uri_template::expression::Expression;

mod expression;
mod matching;

/// A template of URIs, such as `test://items/{id}{?lang}`.
///
/// All operators of RFC 6570 are understood (`{var}`, `{+var}`, `{#var}`, `{.var}`, `{/var}`, `{;var}`, `{?var}`,
/// `{&var}`), with several variables each, and `*` in `{/var*}`, where it takes any number of segments. Prefixes
/// (`{var:3}`) are refused, since they cannot be read backwards. A template has at most 1,024 bytes and 16 variables,
/// which bounds the work of a match.
#[derive(Clone, PartialEq, Eq)]
pub struct UriTemplate {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Expression(Expression),
}

/// Why a text is no template that can be matched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUriTemplate {
    /// The empty text.
    #[error("must not be empty")]
    Empty,
    /// More than 1,024 bytes.
    #[error("must have at most 1024 bytes")]
    TooLong,
    /// A `{` without `}`, or the other way round.
    #[error("has a `{{` or `}}` without its counterpart")]
    Unbalanced,
    /// A character that may not stand in a URI unencoded.
    #[error("holds {0:?}, which has to be percent-encoded")]
    Character(char),
    /// `{}` or `{a,}`.
    #[error("has an expression without a variable name")]
    NoName,
    /// A variable whose name RFC 6570 does not allow.
    #[error(
        "has a variable named {0:?}: only letters, digits, `_` and single dots between them make a name"
    )]
    Name(String),
    /// The same name twice.
    #[error("has the variable {0:?} twice: rename one")]
    Twice(String),
    /// `{var:3}`, or `*` other than in `{/var*}`.
    #[error("has a modifier on {0:?}: only `*` in `{{/name*}}` is supported")]
    Modifier(String),
    /// More than 16 variables.
    #[error("has more than 16 variables")]
    TooManyVariables,
}

impl UriTemplate {
    const MAX_BYTES: usize = 1024;
    const MAX_VARIABLES: usize = 16;
    /// Longer URIs match nothing. With 16 variables a match then takes milliseconds at worst.
    const MAX_URI_BYTES: usize = 2048;

    /// The template as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The names of the variables, in the template's order.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.parts
            .iter()
            .flat_map(|part| match part {
                Part::Literal(_) => [].iter(),
                Part::Expression(expression) => expression.variables.iter(),
            })
            .map(String::as_str)
    }

    /// The variables with which the template makes this URI, percent-decoded, or nothing if it never does. A variable
    /// of `{?…}`, `{&…}`, `{;…}`, `{/…}`, `{.…}` or `{#…}` that the URI does not have is left out.
    ///
    /// Looser than the RFC where clients are: a value may hold unencoded characters, except those that end it, and
    /// query parameters may come in any order.
    pub fn match_uri(&self, uri: &str) -> Option<BTreeMap<String, String>> {
        if uri.len() > Self::MAX_URI_BYTES {
            return None;
        }
        matching::variables(&self.parts, uri)
    }
}

impl FromStr for UriTemplate {
    type Err = InvalidUriTemplate;

    fn from_str(text: &str) -> Result<Self, InvalidUriTemplate> {
        if text.is_empty() {
            return Err(InvalidUriTemplate::Empty);
        }
        if text.len() > Self::MAX_BYTES {
            return Err(InvalidUriTemplate::TooLong);
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let literal_end = rest.find(['{', '}']).unwrap_or(rest.len());
            let (literal, after) = rest.split_at(literal_end);
            if !literal.is_empty() {
                check_literal(literal)?;
                parts.push(Part::Literal(literal.to_owned()));
            }
            rest = after;
            if let Some(inside) = rest.strip_prefix('{') {
                let (expression, after) = inside
                    .split_once('}')
                    .ok_or(InvalidUriTemplate::Unbalanced)?;
                parts.push(Part::Expression(expression.parse()?));
                rest = after;
            } else if !rest.is_empty() {
                return Err(InvalidUriTemplate::Unbalanced);
            }
        }
        let template = Self {
            text: text.to_owned(),
            parts,
        };
        let mut seen: Vec<&str> = Vec::new();
        for variable in template.variables() {
            if seen.contains(&variable) {
                return Err(InvalidUriTemplate::Twice(variable.to_owned()));
            }
            seen.push(variable);
        }
        if seen.len() > Self::MAX_VARIABLES {
            return Err(InvalidUriTemplate::TooManyVariables);
        }
        Ok(template)
    }
}

/// RFC 6570, 2.1, which lets letters beyond ASCII through.
fn check_literal(literal: &str) -> Result<(), InvalidUriTemplate> {
    match literal
        .chars()
        .find(|c| c.is_control() || c.is_whitespace() || "<>\"|\\^`".contains(*c))
    {
        Some(c) => Err(InvalidUriTemplate::Character(c)),
        None => Ok(()),
    }
}

impl fmt::Display for UriTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for UriTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UriTemplate({})", self.text)
    }
}

#[cfg(test)]
mod tests;
