//! The caller's own configuration of AWS: credentials, region, how requests are made and repeated.

use std::net::IpAddr;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use http::Uri;

/// How often a request is tried. SAR throttles early, so this is more than the SDK's three.
const ATTEMPTS: u32 = 8;
/// How long making a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an answer may take to begin: SAR copies artifacts before it answers.
const READ_TIMEOUT: Duration = Duration::from_mins(2);

/// Whether a URL is one of this machine.
pub fn is_loopback(url: &str) -> bool {
    let url: Option<Uri> = url.parse().ok();
    let host = url.as_ref().and_then(Uri::host).unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Whether nobody between here and there can read what is sent.
pub fn is_private(url: &str) -> bool {
    let uri: Option<Uri> = url.parse().ok();
    is_loopback(url) || uri.is_some_and(|url| url.scheme_str() == Some("https"))
}

/// What is found where AWS's SDKs look (environment, profiles, SSO, OIDC), to be loaded.
pub fn loader() -> aws_config::ConfigLoader {
    let http = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http)
        .retry_config(retries())
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .read_timeout(READ_TIMEOUT)
                .build(),
        )
}

/// How requests are repeated.
pub fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_told_from_those_that_are_called_like_it() {
        for url in [
            "http://127.0.0.1:4566",
            "http://localhost",
            "https://[::1]:1/",
            "http://127.1.2.3/path",
        ] {
            assert!(is_loopback(url) && is_private(url), "{url}");
        }
        for url in [
            "http://127.0.0.1.example.com",
            "http://localhost.example.com:1",
            "http://127.0.0.1:80@example.com/",
            "http://example.com/127.0.0.1",
            "http://10.0.0.1",
            "example.com",
            "",
        ] {
            assert!(!is_private(url), "{url}");
        }
        let https = "https://serverlessrepo.eu-west-1.amazonaws.com";
        assert!(is_private(https) && !is_loopback(https));
    }
}
