//! The fields that only resources have.

use std::collections::BTreeMap;

use super::{Own, completions};
use crate::problem::Problems;
use crate::registration::fields::Fields;
use crate::registration::{Completion, Definition, ResourceDefinition, ResourceLocator, extras};
use crate::uri_template::UriTemplate;

/// A URI is the sort key of the item that leads to its resource, and a sort key of `DynamoDB` has at most 1,024 bytes.
const MAX_URI_BYTES: usize = 1024;

/// The parts of a resource that may stand at the top or, in the shorthand, inside `parameters`.
#[derive(Default)]
struct ResourceFields {
    uri: Option<String>,
    template: Option<UriTemplate>,
    mime_type: Option<String>,
    completions: Option<BTreeMap<String, Completion>>,
}

impl ResourceFields {
    fn take(fields: &mut Fields<'_>, problems: &mut Problems) -> Self {
        Self {
            uri: fields
                .text("uri", usize::MAX, problems)
                .and_then(|uri| match check_uri(&uri) {
                    Ok(()) => Some(uri),
                    Err(message) => {
                        problems.add(fields.path("uri"), message);
                        None
                    }
                }),
            template: fields
                .text("uriTemplate", usize::MAX, problems)
                .and_then(|template| match template.parse() {
                    Ok(template) => Some(template),
                    Err(error) => {
                        problems.add(fields.path("uriTemplate"), format!("{error}"));
                        None
                    }
                }),
            mime_type: fields.text("mimeType", 255, problems).filter(|media_type| {
                let sound = is_media_type(media_type);
                if !sound {
                    problems.add(
                        fields.path("mimeType"),
                        "must be a media type such as `text/plain`",
                    );
                }
                sound
            }),
            completions: completions::read(fields, problems),
        }
    }
}

pub(super) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Own {
    let before = problems.len();
    let mut parts = ResourceFields::take(fields, problems);
    let mut list = false;
    if let Some(raw) = fields.take("parameters")
        && let Some(mut inner) = Fields::read(raw, "parameters", problems)
    {
        let shorthand = ResourceFields::take(&mut inner, problems);
        inner.finish(
            &["uri", "uriTemplate", "mimeType", "completions"],
            |_| None,
            problems,
        );
        // The project's first version listed such a resource by asking its function.
        list = shorthand.template.is_some();
        merge("uri", &mut parts.uri, shorthand.uri, problems);
        merge(
            "uriTemplate",
            &mut parts.template,
            shorthand.template,
            problems,
        );
        merge(
            "mimeType",
            &mut parts.mime_type,
            shorthand.mime_type,
            problems,
        );
        merge(
            "completions",
            &mut parts.completions,
            shorthand.completions,
            problems,
        );
    }
    let size = fields.integer("size", 0..=u64::MAX, problems);
    let annotations = extras::resource_annotations(fields, problems);
    let completions = parts.completions.unwrap_or_default();
    let locator = match (parts.uri, parts.template) {
        (Some(_), Some(_)) => {
            problems.add("uriTemplate", "stands beside `uri`: keep one");
            None
        }
        (Some(uri), None) => {
            completions::check_names(&completions, &[], problems);
            Some(ResourceLocator::Uri(uri))
        }
        (None, Some(template)) => {
            let variables: Vec<&str> = template.variables().collect();
            completions::check_names(&completions, &variables, problems);
            Some(ResourceLocator::Template(template))
        }
        (None, None) => {
            // A broken URI is a problem of its own, and not also a missing one.
            if problems.len() == before {
                problems.add("uri", "is required, or else `uriTemplate`");
            }
            None
        }
    };
    Own {
        definition: locator.map(|locator| {
            Definition::Resource(ResourceDefinition {
                locator,
                mime_type: parts.mime_type,
                annotations,
                size,
            })
        }),
        completions,
        list,
    }
}

fn merge<T>(name: &str, kept: &mut Option<T>, other: Option<T>, problems: &mut Problems) {
    match (&kept, other) {
        (Some(_), Some(_)) => problems.add(
            format!("parameters.{name}"),
            format!("stands beside `{name}`: keep one"),
        ),
        (None, Some(other)) => *kept = Some(other),
        (_, None) => {}
    }
}

/// RFC 3986: a scheme, a colon, and characters that may stand in a URI; others than ASCII are let through, as IRIs.
fn check_uri(uri: &str) -> Result<(), String> {
    if uri.len() > MAX_URI_BYTES {
        return Err(format!(
            "has {} bytes: shorten it to {MAX_URI_BYTES} or fewer",
            uri.len()
        ));
    }
    let has_scheme = uri.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'.' | b'-'))
    });
    if !has_scheme {
        return Err("must begin with a scheme, as in `docs://handbook`".to_owned());
    }
    match uri
        .chars()
        .find(|c| c.is_control() || c.is_whitespace() || "<>\"{}|\\^`".contains(*c))
    {
        Some(c) => Err(format!("holds {c:?}, which has to be percent-encoded")),
        None => Ok(()),
    }
}

fn is_media_type(text: &str) -> bool {
    let essence = text.split(';').next().unwrap_or_default().trim_end();
    essence.split_once('/').is_some_and(|(main, sub)| {
        let is_token = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+*".contains(&b))
        };
        is_token(main) && is_token(sub)
    }) && text.chars().all(|c| c == ' ' || c.is_ascii_graphic())
}
