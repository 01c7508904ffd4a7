//! Which web pages may call.
//!
//! A browser sends `Origin`; a page that isn't known is refused, so that no page can use a person's access behind
//! their back (DNS rebinding). Programs send none. Source: MCP 2025-03-26 and later, "Streamable HTTP", "Security".

use super::Rejection;
use http::{HeaderMap, Uri, header};

/// The origins whose pages may call. Pages served from the own machine always may: developers' tools are such.
#[derive(Debug, Clone)]
pub struct AllowedOrigins {
    all: bool,
    origins: Vec<String>,
}

impl AllowedOrigins {
    /// Takes origins such as `https://app.example.com`; `*` allows all.
    pub fn new(origins: &[String]) -> Self {
        Self {
            all: origins.iter().any(|origin| origin == "*"),
            origins: origins
                .iter()
                .map(|origin| origin.trim_end_matches('/').to_ascii_lowercase())
                .collect(),
        }
    }

    pub(super) fn check(&self, headers: &HeaderMap) -> Result<(), Rejection> {
        let Some(origin) = headers.get(header::ORIGIN) else {
            return Ok(());
        };
        let allowed = self.all || origin.to_str().is_ok_and(|origin| self.allows(origin));
        if allowed {
            Ok(())
        } else {
            Err(Rejection::ForbiddenOrigin)
        }
    }

    fn allows(&self, origin: &str) -> bool {
        let origin = origin.to_ascii_lowercase();
        self.origins.contains(&origin) || is_loopback(&origin)
    }
}

fn is_loopback(origin: &str) -> bool {
    let Ok(uri) = origin.parse::<Uri>() else {
        return false;
    };
    matches!(uri.scheme_str(), Some("http" | "https"))
        && matches!(uri.host(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn check(allowed: &[&str], origin: &str) -> bool {
        let allowed: Vec<String> = allowed.iter().map(|origin| (*origin).to_owned()).collect();
        let headers =
            HeaderMap::from_iter([(header::ORIGIN, HeaderValue::from_str(origin).unwrap())]);
        AllowedOrigins::new(&allowed).check(&headers).is_ok()
    }

    #[test]
    fn strangers_are_refused() {
        assert!(AllowedOrigins::new(&[]).check(&HeaderMap::new()).is_ok());
        for stranger in [
            "https://evil.example",
            "null",
            "http://localhost.evil.example",
            "https://127.0.0.1.nip.io",
        ] {
            assert!(!check(&["https://app.example"], stranger), "{stranger}");
        }
    }

    #[test]
    fn known_and_local_pages_may_call() {
        assert!(check(&["https://App.example/"], "https://app.example"));
        assert!(!check(&["https://app.example"], "https://app.example:8443"));
        assert!(check(&["*"], "https://anything.example"));
        for local in [
            "http://localhost:6274",
            "http://127.0.0.1:8080",
            "https://localhost",
            "http://[::1]:3000",
        ] {
            assert!(check(&[], local), "{local}");
        }
    }
}
