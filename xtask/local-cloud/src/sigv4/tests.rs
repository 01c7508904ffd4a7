use std::time::{Duration as StdDuration, SystemTime};

use aws_credential_types::Credentials as AwsCredentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use http::Request;
use proptest::prelude::*;

use super::*;
use crate::credentials::Credentials;

fn keyring() -> Keyring {
    Keyring::open(None, &["local".to_owned(), "other".to_owned()]).unwrap()
}

struct Signing<'a> {
    credentials: &'a Credentials,
    location: SignatureLocation,
    time: SystemTime,
    region: &'a str,
    service: &'a str,
    valid_for: StdDuration,
}

impl<'a> Signing<'a> {
    fn new(credentials: &'a Credentials) -> Self {
        Self {
            credentials,
            location: SignatureLocation::Headers,
            time: SystemTime::UNIX_EPOCH + StdDuration::from_hours(500_000),
            region: REGION,
            service: Service::Lambda.name(),
            valid_for: StdDuration::from_mins(1),
        }
    }

    /// Signs as the AWS SDKs do.
    fn sign(&self, request: &mut Request<Vec<u8>>) {
        let mut settings = SigningSettings::default();
        settings.signature_location = self.location;
        if self.location == SignatureLocation::QueryParams {
            settings.expires_in = Some(self.valid_for);
        }
        let identity = AwsCredentials::new(
            &self.credentials.access_key_id,
            &self.credentials.secret_access_key,
            self.credentials.session_token.clone(),
            None,
            "test",
        )
        .into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(self.time)
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let uri = request.uri().to_string();
        let headers = request
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
        let signable = SignableRequest::new(
            request.method().as_str(),
            uri,
            headers,
            SignableBody::Bytes(request.body()),
        )
        .unwrap();
        let (instructions, _) = sign(signable, &params).unwrap().into_parts();
        instructions.apply_to_request_http1x(request);
    }

    fn now(&self) -> OffsetDateTime {
        self.time.into()
    }
}

fn request(path_and_query: &str, body: &[u8]) -> Request<Vec<u8>> {
    Request::post(format!("http://127.0.0.1:9100{path_and_query}"))
        .header("host", "127.0.0.1:9100")
        .header("content-type", "application/json")
        .header("x-amz-client-context", "e30=")
        .body(body.to_vec())
        .unwrap()
}

fn check(
    keyring: &Keyring,
    request: Request<Vec<u8>>,
    now: OffsetDateTime,
) -> Result<String, SignatureError> {
    let (parts, body) = request.into_parts();
    verify(keyring, Service::Lambda, &parts, &body, now).map(|signed| signed.principal.name.clone())
}

#[test]
fn the_signer_is_found_out() {
    let keyring = keyring();
    for principal in keyring.users().iter().chain([keyring.functions()]) {
        for location in [SignatureLocation::Headers, SignatureLocation::QueryParams] {
            let signing = Signing {
                location,
                ..Signing::new(&principal.credentials)
            };
            let mut request = request("/mcp?b=2&a=1", b"{}");
            signing.sign(&mut request);
            assert_eq!(
                check(&keyring, request, signing.now()),
                Ok(principal.name.clone()),
                "{location:?}"
            );
        }
    }
}

fn set_header(request: &mut Request<Vec<u8>>, name: &'static str, value: &str) {
    request.headers_mut().insert(name, value.parse().unwrap());
}

fn set_uri(request: &mut Request<Vec<u8>>, uri: &str) {
    *request.uri_mut() = uri.parse().unwrap();
}

type Change = (&'static str, fn(&mut Request<Vec<u8>>));

#[test]
fn what_was_signed_can_not_be_changed() {
    let keyring = keyring();
    let signing = Signing::new(&keyring.users()[0].credentials);
    let changes: [Change; 9] = [
        ("body", |request| request.body_mut().push(b' ')),
        ("path", |request| set_uri(request, "/other")),
        ("query", |request| set_uri(request, "/mcp?a=2")),
        ("method", |request| {
            *request.method_mut() = http::Method::PUT;
        }),
        ("host", |request| {
            set_header(request, "host", "evil.example");
        }),
        ("new amz header", |request| {
            set_header(request, "x-amz-meta", "1");
        }),
        ("content hash", |request| {
            set_header(request, "x-amz-content-sha256", "UNSIGNED-PAYLOAD");
        }),
        ("signature", |request| {
            let text = request.headers()["authorization"]
                .to_str()
                .unwrap()
                .to_owned();
            let changed = if text.ends_with('0') { '1' } else { '0' };
            let text = format!("{}{changed}", &text[..text.len() - 1]);
            set_header(request, "authorization", &text);
        }),
        ("token", |request| {
            set_header(request, "x-amz-security-token", "x");
        }),
    ];
    let mut outcomes = Vec::new();
    for (name, change) in changes {
        let mut request = request("/mcp?a=1", b"{}");
        signing.sign(&mut request);
        change(&mut request);
        let error = check(&keyring, request, signing.now()).unwrap_err();
        outcomes.push(format!("{name}: {error}"));
    }
    insta::assert_snapshot!(outcomes.join("\n"));
}

#[test]
fn only_local_keys_for_this_service_and_region_count() {
    let keyring = keyring();
    let mut wrong = keyring.users()[0].credentials.clone();
    wrong.secret_access_key.push('x');
    let stranger = Keyring::open(None, &["local".to_owned()]).unwrap();
    let mut stale = keyring.functions().credentials.clone();
    stale.session_token = Some("old".into());
    let base = Signing::new(&keyring.users()[0].credentials);
    let mut outcomes = Vec::new();
    for (name, signing) in [
        (
            "wrong secret",
            Signing {
                credentials: &wrong,
                ..Signing::new(base.credentials)
            },
        ),
        (
            "stranger",
            Signing {
                credentials: &stranger.users()[0].credentials,
                ..Signing::new(base.credentials)
            },
        ),
        (
            "stale token",
            Signing {
                credentials: &stale,
                ..Signing::new(base.credentials)
            },
        ),
        (
            "region",
            Signing {
                region: "eu-west-1",
                ..Signing::new(base.credentials)
            },
        ),
        (
            "service",
            Signing {
                service: "execute-api",
                ..Signing::new(base.credentials)
            },
        ),
    ] {
        let mut request = request("/mcp", b"{}");
        signing.sign(&mut request);
        outcomes.push(format!(
            "{name}: {}",
            check(&keyring, request, base.now()).unwrap_err()
        ));
    }
    outcomes.push(format!(
        "unsigned: {}",
        check(&keyring, request("/mcp", b"{}"), base.now()).unwrap_err()
    ));
    insta::assert_snapshot!(outcomes.join("\n"), @r"
    wrong secret: the signature does not match
    stranger: the access key or the session token is unknown
    stale token: the access key or the session token is unknown
    region: the credential's scope must be DATE/us-east-1/lambda/aws4_request
    service: the credential's scope must be DATE/us-east-1/lambda/aws4_request
    unsigned: the request is not signed
    ");
}

#[test]
fn clocks_may_differ_by_five_minutes_and_urls_expire() {
    let keyring = keyring();
    let outcome = |location, offset: i64| {
        let signing = Signing {
            location,
            ..Signing::new(&keyring.users()[0].credentials)
        };
        let mut request = request("/mcp", b"{}");
        signing.sign(&mut request);
        check(&keyring, request, signing.now() + Duration::seconds(offset)).map(|_| ())
    };
    for accepted in [-300, 0, 300] {
        assert_eq!(
            outcome(SignatureLocation::Headers, accepted),
            Ok(()),
            "{accepted}"
        );
    }
    for refused in [-301, 301] {
        assert_eq!(
            outcome(SignatureLocation::Headers, refused),
            Err(SignatureError::Time),
            "{refused}"
        );
    }
    assert_eq!(outcome(SignatureLocation::QueryParams, 60), Ok(()));
    assert_eq!(
        outcome(SignatureLocation::QueryParams, 61),
        Err(SignatureError::Time)
    );
    assert_eq!(
        outcome(SignatureLocation::QueryParams, -301),
        Err(SignatureError::Time)
    );
}

#[test]
fn malformed_signatures_are_refused_by_name() {
    let keyring = keyring();
    let id = &keyring.users()[0].credentials.access_key_id;
    let mut outcomes = Vec::new();
    for authorization in [
        "Bearer abc".to_owned(),
        "AWS4-HMAC-SHA256".to_owned(),
        format!("AWS4-HMAC-SHA256 Credential={id}, SignedHeaders=host, Signature=00"),
        format!(
            "AWS4-HMAC-SHA256 Credential={id}/20270115/us-east-1/lambda/aws4_request, SignedHeaders=x-b;host, Signature=00"
        ),
        format!(
            "AWS4-HMAC-SHA256 Credential={id}/20270115/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=zz"
        ),
        format!(
            "AWS4-HMAC-SHA256 Credential={id}/20270115/us-east-1/lambda/aws4_request, SignedHeaders=host;x-amz-client-context;x-amz-date, Signature=00"
        ),
    ] {
        let mut request = request("/mcp", b"{}");
        request
            .headers_mut()
            .insert("authorization", authorization.parse().unwrap());
        request
            .headers_mut()
            .insert("x-amz-date", "20270115T080000Z".parse().unwrap());
        let now = OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
        outcomes.push(check(&keyring, request, now).unwrap_err().to_string());
    }
    insta::assert_snapshot!(outcomes.join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What the SDKs sign is accepted, whatever path, parameters and body.
    #[test]
    fn sdk_signatures_are_accepted(
        segments in proptest::collection::vec("[a-zA-Z0-9._~-]{1,8}|%2F|%20|a%3Ab", 0..4),
        parameters in proptest::collection::vec(("[a-z]{1,4}", "[a-zA-Z0-9._~-]{0,6}|%20|%2B|%2F"), 0..4),
        body in proptest::collection::vec(any::<u8>(), 0..64),
        in_query in any::<bool>(),
    ) {
        prop_assume!(!segments.iter().any(|segment| segment == "." || segment == ".."));
        let keyring = keyring();
        let location = if in_query { SignatureLocation::QueryParams } else { SignatureLocation::Headers };
        let signing = Signing { location, ..Signing::new(&keyring.users()[1].credentials) };
        let query: Vec<_> = parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = request(&format!("/{}?{}", segments.join("/"), query.join("&")), &body);
        signing.sign(&mut request);
        prop_assert_eq!(check(&keyring, request, signing.now()), Ok("other".to_owned()));
    }

    /// No header takes the verifier down.
    #[test]
    fn any_authorization_is_answered(text in "AWS4-HMAC-SHA256[ -~]{0,120}") {
        let mut request = request("/mcp", b"{}");
        request.headers_mut().insert("authorization", text.parse().unwrap());
        request.headers_mut().insert("x-amz-date", "20270115T080000Z".parse().unwrap());
        let now = OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
        prop_assert!(check(&keyring(), request, now).is_err());
    }
}
