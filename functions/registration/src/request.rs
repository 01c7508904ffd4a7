//! What handlers take from a request: its body, its author, its query parameters.

use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt};
use registry::Author;

use crate::failure::Failure;
use crate::media_type::may_be_json;

/// The body, if it says to be JSON and is no longer than it may be.
pub(crate) fn body(request: &Request, longest: usize) -> Result<&[u8], Failure> {
    if !may_be_json(request.headers()) {
        return Err(Failure::UnsupportedMediaType);
    }
    let body: &[u8] = request.body();
    if body.len() > longest {
        return Err(Failure::TooLarge { longest });
    }
    Ok(body)
}

/// Who sent it, if the Function URL knows: one without authentication does not.
pub(crate) fn author(request: &Request) -> Option<Author> {
    let Some(RequestContext::ApiGatewayV2(context)) = request.request_context_ref() else {
        return None;
    };
    let iam = context.authorizer.as_ref()?.iam.as_ref()?;
    iam.user_arn.clone().map(Author::new)
}

/// A parameter of the query; an empty one counts as absent.
pub(crate) fn parameter<T>(
    request: &Request,
    name: &'static str,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<Option<T>, Failure> {
    let parameters = request.query_string_parameters_ref();
    let Some(text) = parameters
        .and_then(|parameters| parameters.first(name))
        .filter(|text| !text.is_empty())
    else {
        return Ok(None);
    };
    parse(text)
        .map(Some)
        .map_err(|message| Failure::InvalidQuery {
            parameter: name,
            message,
        })
}

/// A parameter that is `true` or `false`.
pub(crate) fn flag(request: &Request, name: &'static str, default: bool) -> Result<bool, Failure> {
    let given = parameter(request, name, |text| {
        text.parse()
            .map_err(|_| "must be `true` or `false`".to_owned())
    })?;
    Ok(given.unwrap_or(default))
}

/// A parameter that is a whole number from 1 to `most`, which it is unless said.
pub(crate) fn limit(request: &Request, most: usize) -> Result<usize, Failure> {
    let given = parameter(request, "limit", |text| {
        text.parse()
            .ok()
            .filter(|limit| (1..=most).contains(limit))
            .ok_or_else(|| format!("must be a whole number from 1 to {most}"))
    })?;
    Ok(given.unwrap_or(most))
}

/// A parameter with some of these words, separated by commas.
pub(crate) fn words<T: Copy + PartialEq>(
    request: &Request,
    name: &'static str,
    known: &[(&str, T)],
) -> Result<Vec<T>, Failure> {
    let given = parameter(request, name, |text| {
        let word = |word: &str| known.iter().find(|(text, _)| *text == word.trim());
        let found: Option<Vec<T>> = text
            .split(',')
            .map(|text| word(text).map(|(_, value)| *value))
            .collect();
        found.ok_or_else(|| {
            let known: Vec<_> = known.iter().map(|(word, _)| format!("`{word}`")).collect();
            format!("takes {}, separated by commas", known.join(" and "))
        })
    })?;
    Ok(given.unwrap_or_default())
}
