//! Verification of AWS Signature Version 4, in the `Authorization` header or in the query.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>
//!
//! Written here because the crate that verifies signatures knows neither `X-Amz-Expires` nor a clock of the caller's, and
//! would bring a second generation of the hash crates along.

mod canonical;
mod chunks;
mod parse;
mod signing;

use hmac::{Hmac, KeyInit, Mac};
use http::request::Parts;
use sha2::{Digest, Sha256};
use thiserror::Error;
use time::{Duration, OffsetDateTime};

pub(crate) use self::chunks::ChunkVerifier;
use self::parse::{Claim, Place};
pub(crate) use self::signing::sign;
use crate::credentials::{Keyring, Principal};
use crate::function::REGION;

/// What an S3 request may declare in place of its body's hash.
const UNHASHED: [&str; 4] = [
    "UNSIGNED-PAYLOAD",
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
];
/// How far the signer's clock may be off.
const MAX_SKEW: Duration = Duration::minutes(5);

/// The service that a request is signed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    /// Function URLs and the Lambda API.
    Lambda,
    /// S3, which signs paths as they are sent and takes bodies that are not hashed.
    S3,
    /// The Serverless Application Repository.
    ServerlessRepo,
    /// The Security Token Service.
    Sts,
    /// `CloudFormation`, which is called from here and not served.
    CloudFormation,
}

impl Service {
    /// The name in a credential's scope.
    fn name(self) -> &'static str {
        match self {
            Self::Lambda => "lambda",
            Self::S3 => "s3",
            Self::ServerlessRepo => "serverlessrepo",
            Self::Sts => "sts",
            Self::CloudFormation => "cloudformation",
        }
    }
}

/// A request whose signature is right.
#[derive(Debug)]
pub(crate) struct Signed<'k> {
    /// Who signed it.
    pub(crate) principal: &'k Principal,
    /// Verifies the chunks of a body that is signed chunk by chunk.
    pub(crate) chunks: Option<ChunkVerifier>,
}

/// Why a request is refused. Says what is wrong and never repeats what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum SignatureError {
    /// There is no signature.
    #[error("the request is not signed")]
    Missing,
    /// The signature's parts are not of the form they should be.
    #[error("the signature is incomplete or malformed: {0}")]
    Malformed(&'static str),
    /// The key is not a local one, or the session token is not the key's.
    #[error("the access key or the session token is unknown")]
    UnknownKey,
    /// The credential's scope is not this service, this region or the day of signing.
    #[error("the credential's scope must be DATE/us-east-1/{0}/aws4_request")]
    Scope(&'static str),
    /// Too far from now, or after the end of a presigned URL.
    #[error("the signature has expired or is not valid yet")]
    Time,
    /// `host` or an `x-amz-` header is not signed.
    #[error("host and every x-amz- header must be signed")]
    UnsignedHeader,
    /// `x-amz-content-sha256` is not the body's hash.
    #[error("x-amz-content-sha256 is not the body's hash")]
    Body,
    /// The signature is not the one of this request with this key.
    #[error("the signature does not match")]
    Mismatch,
}

/// Finds out who signed the request, which is one to `service`.
///
/// `now` is the verifier's clock.
pub(crate) fn verify<'k>(
    keyring: &'k Keyring,
    service: Service,
    parts: &Parts,
    body: &[u8],
    now: OffsetDateTime,
) -> Result<Signed<'k>, SignatureError> {
    let claim = Claim::read(parts)?;
    let principal = keyring
        .find(&claim.access_key_id)
        .ok_or(SignatureError::UnknownKey)?;
    if claim.session_token != principal.credentials.session_token {
        return Err(SignatureError::UnknownKey);
    }
    let name = service.name();
    if claim.region != REGION || claim.service != name || !claim.timestamp.starts_with(&claim.date)
    {
        return Err(SignatureError::Scope(name));
    }
    check_time(&claim, now)?;
    check_signed_headers(&claim, parts)?;

    let body_hash = body_hash(service, claim.place, parts, body)?;
    let canonical = canonical::request(service, parts, &claim.signed_headers, &body_hash);
    let scope = format!("{}/{REGION}/{name}/aws4_request", claim.date);
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n{}\n{scope}\n{}",
        claim.timestamp,
        hex::encode(Sha256::digest(canonical.as_bytes()))
    );
    let key = signing_key(
        &principal.credentials.secret_access_key,
        &claim.date,
        service,
    );
    // Compares in constant time.
    mac(&key, to_sign.as_bytes())
        .verify_slice(&claim.signature)
        .map_err(|_| SignatureError::Mismatch)?;
    let chunks = body_hash
        .starts_with("STREAMING-AWS4-HMAC-SHA256")
        .then(|| ChunkVerifier::new(key, &claim.timestamp, &scope, &claim.signature));
    Ok(Signed { principal, chunks })
}

/// The hash that the signature is made over, or the words that stand in its place.
fn body_hash(
    service: Service,
    place: Place,
    parts: &Parts,
    body: &[u8],
) -> Result<String, SignatureError> {
    let declared = parts
        .headers
        .get("x-amz-content-sha256")
        .map(|value| value.to_str().map_err(|_| SignatureError::Body))
        .transpose()?;
    match (service, declared, place) {
        (Service::S3, Some(words), _) if UNHASHED.contains(&words) => return Ok(words.to_owned()),
        (Service::S3, None, Place::Query { .. }) => return Ok(UNHASHED[0].to_owned()),
        (Service::S3, None, Place::Header) => {
            return Err(SignatureError::Malformed("x-amz-content-sha256"));
        }
        _ => {}
    }
    let hash = hex::encode(Sha256::digest(body));
    if declared.is_some_and(|declared| declared != hash) {
        return Err(SignatureError::Body);
    }
    Ok(hash)
}

fn check_time(claim: &Claim, now: OffsetDateTime) -> Result<(), SignatureError> {
    let end = match claim.place {
        Place::Header => claim.signed_at + MAX_SKEW,
        Place::Query { valid_for } => claim.signed_at + valid_for,
    };
    if now < claim.signed_at - MAX_SKEW || now > end {
        return Err(SignatureError::Time);
    }
    Ok(())
}

fn check_signed_headers(claim: &Claim, parts: &Parts) -> Result<(), SignatureError> {
    let is_signed = |name: &str| claim.signed_headers.iter().any(|signed| signed == name);
    let all_amz = parts
        .headers
        .keys()
        .map(http::HeaderName::as_str)
        .filter(|name| name.starts_with("x-amz-"));
    if is_signed("host") && all_amz.into_iter().all(is_signed) {
        Ok(())
    } else {
        Err(SignatureError::UnsignedHeader)
    }
}

/// The key that requests of one day to one service are signed with.
fn signing_key(secret: &str, date: &str, service: Service) -> Vec<u8> {
    let secret = format!("AWS4{secret}");
    [date, REGION, service.name(), "aws4_request"]
        .iter()
        .fold(secret.into_bytes(), |key, part| {
            mac(&key, part.as_bytes()).finalize().into_bytes().to_vec()
        })
}

fn mac(key: &[u8], data: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(data);
    mac
}

#[cfg(test)]
mod tests;
