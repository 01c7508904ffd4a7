//! The HTTP client under the AWS SDK.

use std::fmt;

use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// The roots that the certificates of `amazonaws.com` and `api.aws` lead to, from <https://www.amazontrust.com/repository/>.
const AMAZON_ROOTS: &str = include_str!("amazon-roots.pem");

/// A client that decides for every request how to reach its host:
/// - `http://`, a local endpoint: without TLS;
/// - hosts of `amazonaws.com` and `api.aws`: TLS, trusting Amazon's own roots alone, which are read in a fraction of
///   the time that the system's trust store takes;
/// - other hosts (partitions with domains of their own, private endpoints): TLS, trusting what the system trusts.
///
/// Each of the three is made when first needed. The connections of all three have `TCP_NODELAY`.
pub(super) fn client() -> SharedHttpClient {
    SharedHttpClient::new(ByHost {
        plain: Builder::new().build_http(),
        amazon: amazon(),
        system: tls(TrustStore::default()),
    })
}

fn amazon() -> SharedHttpClient {
    tls(TrustStore::empty().with_pem_certificate(AMAZON_ROOTS))
}

fn tls(trust: TrustStore) -> SharedHttpClient {
    let context = TlsContext::builder()
        .with_trust_store(trust)
        .build()
        .expect("a context without server names of its own is always built");
    Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(context)
        .build_https()
}

/// The hooks that validate a client's configuration are not handed on: there, the SDK's client would build a
/// connector, TLS and all, and throw it away.
#[derive(Clone)]
struct ByHost {
    plain: SharedHttpClient,
    amazon: SharedHttpClient,
    system: SharedHttpClient,
}

impl fmt::Debug for ByHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByHost").finish_non_exhaustive()
    }
}

impl HttpClient for ByHost {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(ConnectorByHost {
            clients: self.clone(),
            settings: settings.clone(),
            components: components.clone(),
        })
    }
}

/// Lives for one operation; the connectors behind it, and their connections, are kept by the clients.
#[derive(Debug)]
struct ConnectorByHost {
    clients: ByHost,
    settings: HttpConnectorSettings,
    components: RuntimeComponents,
}

impl HttpConnector for ConnectorByHost {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = match Route::of(request.uri()) {
            Route::Plain => &self.clients.plain,
            Route::Amazon => &self.clients.amazon,
            Route::System => &self.clients.system,
        };
        client
            .http_connector(&self.settings, &self.components)
            .call(request)
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Route {
    Plain,
    Amazon,
    System,
}

impl Route {
    fn of(uri: &str) -> Self {
        let Some((scheme, rest)) = uri.split_once("://") else {
            return Self::System;
        };
        if scheme.eq_ignore_ascii_case("http") {
            return Self::Plain;
        }
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = authority.split(':').next().unwrap_or_default();
        if host.ends_with(".amazonaws.com") || host.ends_with(".api.aws") {
            Self::Amazon
        } else {
            Self::System
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
    use aws_smithy_types::config_bag::ConfigBag;

    use super::*;

    #[test]
    fn the_host_decides_how_it_is_reached() {
        for (uri, route) in [
            ("http://127.0.0.1:8000/", Route::Plain),
            ("http://dynamodb.eu-west-1.amazonaws.com/", Route::Plain),
            ("https://dynamodb.eu-west-1.amazonaws.com/", Route::Amazon),
            (
                "https://dynamodb.us-gov-west-1.amazonaws.com:443",
                Route::Amazon,
            ),
            (
                "https://lambda.eu-west-1.api.aws/2015-03-31/functions",
                Route::Amazon,
            ),
            (
                "https://dynamodb.cn-north-1.amazonaws.com.cn/",
                Route::System,
            ),
            ("https://amazonaws.com.example.org/", Route::System),
            ("https://example.org/x.amazonaws.com", Route::System),
            ("https://localhost:4566", Route::System),
        ] {
            assert_eq!(Route::of(uri), route, "{uri}");
        }
    }

    #[test]
    fn amazons_roots_are_read() {
        assert_eq!(AMAZON_ROOTS.matches("BEGIN CERTIFICATE").count(), 5);
        // This hook makes the TLS connector, which panics over certificates that it cannot read.
        let components = RuntimeComponentsBuilder::new("test");
        amazon()
            .validate_base_client_config(&components, &ConfigBag::base())
            .unwrap();
    }
}
