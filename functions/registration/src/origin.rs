//! Which web pages may send requests: none but those of the own machine.
//!
//! A browser says in `Origin` whose page sends a request, and sends some kinds of POST without asking first. Where the
//! function is open, as it is locally, any page that a developer visits could register something otherwise.

use http::header::ORIGIN;
use http::{HeaderMap, Uri};

use crate::failure::Failure;

/// Refuses what a page of another machine sends. Programs send no `Origin`.
pub(crate) fn check(headers: &HeaderMap) -> Result<(), Failure> {
    match headers.get(ORIGIN) {
        Some(origin) if !origin.to_str().is_ok_and(is_loopback) => Err(Failure::ForeignOrigin),
        _ => Ok(()),
    }
}

fn is_loopback(origin: &str) -> bool {
    let origin = origin.parse::<Uri>();
    origin.is_ok_and(|origin| matches!(origin.host(), Some("localhost" | "127.0.0.1" | "[::1]")))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn pages_of_other_machines_are_refused() {
        assert!(check(&HeaderMap::new()).is_ok());
        for (origin, is_allowed) in [
            ("http://localhost:6274", true),
            ("https://127.0.0.1", true),
            ("http://[::1]:3000", true),
            ("https://evil.example", false),
            ("http://localhost.evil.example", false),
            ("null", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(ORIGIN, HeaderValue::from_static(origin))]);
            assert_eq!(check(&headers).is_ok(), is_allowed, "{origin:?}");
        }
    }
}
