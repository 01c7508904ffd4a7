//! One expression of a template: what stands between `{` and `}`.

use std::str::FromStr;

use super::InvalidUriTemplate;

/// The character behind `{`, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    /// `{var}`: within a path segment.
    Simple,
    /// `{+var}`: any characters.
    Reserved,
    /// `{#var}`: the fragment.
    Fragment,
    /// `{.var}`: a label behind a dot.
    Label,
    /// `{/var}`: a path segment behind a slash.
    Path,
    /// `{;var}`: path parameters.
    Parameters,
    /// `{?var}`: the query.
    Query,
    /// `{&var}`: more of the query.
    QueryContinued,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expression {
    pub(super) operator: Operator,
    pub(super) variables: Vec<String>,
    /// The last variable takes all the segments that are left. With [`Operator::Path`] only.
    pub(super) explode: bool,
}

impl FromStr for Expression {
    type Err = InvalidUriTemplate;

    fn from_str(text: &str) -> Result<Self, InvalidUriTemplate> {
        let (operator, list) = match text.as_bytes().first() {
            Some(b'+') => (Operator::Reserved, &text[1..]),
            Some(b'#') => (Operator::Fragment, &text[1..]),
            Some(b'.') => (Operator::Label, &text[1..]),
            Some(b'/') => (Operator::Path, &text[1..]),
            Some(b';') => (Operator::Parameters, &text[1..]),
            Some(b'?') => (Operator::Query, &text[1..]),
            Some(b'&') => (Operator::QueryContinued, &text[1..]),
            _ => (Operator::Simple, text),
        };
        let mut variables: Vec<String> = Vec::new();
        let mut explode = false;
        for (index, spec) in list.split(',').enumerate() {
            if explode {
                // Only the last one may take the rest.
                return Err(InvalidUriTemplate::Modifier(variables[index - 1].clone()));
            }
            let name = match spec.strip_suffix('*') {
                Some(name) if operator == Operator::Path => {
                    explode = true;
                    name
                }
                Some(name) => return Err(InvalidUriTemplate::Modifier(name.to_owned())),
                None => spec,
            };
            if let Some((name, _)) = name.split_once(':') {
                return Err(InvalidUriTemplate::Modifier(name.to_owned()));
            }
            check_name(name)?;
            variables.push(name.to_owned());
        }
        Ok(Self {
            operator,
            variables,
            explode,
        })
    }
}

/// RFC 6570, 2.3. Percent-encoded names, which it allows too, are left out: nobody could complete or log them.
fn check_name(name: &str) -> Result<(), InvalidUriTemplate> {
    if name.is_empty() {
        return Err(InvalidUriTemplate::NoName);
    }
    let sound = name.split('.').all(|part| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    });
    if sound {
        Ok(())
    } else {
        Err(InvalidUriTemplate::Name(name.to_owned()))
    }
}
