//! Signing of requests, by the same rules that verify them.

use hmac::Mac;
use http::request::Parts;
use http::{HeaderName, HeaderValue};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::{Service, canonical, mac, parse, signing_key};
use crate::credentials::Credentials;
use crate::function::REGION;

/// Signs a request to `service` in its headers, of which `host` has to be there.
pub(crate) fn sign(
    parts: &mut Parts,
    body: &[u8],
    credentials: &Credentials,
    service: Service,
    now: OffsetDateTime,
) -> Result<(), SigningError> {
    let timestamp = now.format(parse::TIMESTAMP).map_err(|_| SigningError)?;
    let date = timestamp.get(..8).ok_or(SigningError)?.to_owned();
    let body_hash = hex::encode(Sha256::digest(body));
    let mut add = |name: &'static str, value: &str| {
        let value = HeaderValue::from_str(value).map_err(|_| SigningError)?;
        parts.headers.insert(HeaderName::from_static(name), value);
        Ok(())
    };
    add("x-amz-date", &timestamp)?;
    add("x-amz-content-sha256", &body_hash)?;
    if let Some(token) = &credentials.session_token {
        add("x-amz-security-token", token)?;
    }
    let mut signed: Vec<String> = parts
        .headers
        .keys()
        .map(|name| name.as_str().to_owned())
        .filter(|name| name == "host" || name.starts_with("x-amz-"))
        .collect();
    signed.sort();
    let canonical = canonical::request(service, parts, &signed, &body_hash);
    let scope = format!("{date}/{REGION}/{}/aws4_request", service.name());
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n{timestamp}\n{scope}\n{}",
        hex::encode(Sha256::digest(canonical.as_bytes()))
    );
    let key = signing_key(&credentials.secret_access_key, &date, service);
    let signature = hex::encode(mac(&key, to_sign.as_bytes()).finalize().into_bytes());
    let value = format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={}, Signature={signature}",
        credentials.access_key_id,
        signed.join(";")
    );
    let value = HeaderValue::from_str(&value).map_err(|_| SigningError)?;
    parts.headers.insert(http::header::AUTHORIZATION, value);
    Ok(())
}

/// The keys hold what no header can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the request can't be signed with these keys")]
pub(crate) struct SigningError;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::Keyring;

    #[test]
    fn what_is_signed_here_is_accepted_here() {
        let keyring = Keyring::open(None, &["local".to_owned()]).unwrap();
        for principal in [&keyring.users()[0], keyring.functions()] {
            for service in [Service::S3, Service::CloudFormation] {
                let request = http::Request::post("/a%20b//c?d=e%2Ff&g")
                    .header("host", "127.0.0.1")
                    .body(())
                    .unwrap();
                let (mut parts, ()) = request.into_parts();
                let now = OffsetDateTime::UNIX_EPOCH;
                sign(&mut parts, b"body", &principal.credentials, service, now).unwrap();
                let signed = super::super::verify(&keyring, service, &parts, b"body", now).unwrap();
                assert_eq!(signed.principal, principal);
            }
        }
    }
}
