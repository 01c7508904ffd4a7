//! Verification of AWS Signature Version 4, in the `Authorization` header or in the query.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>
//!
//! Written here because the crate that verifies signatures knows neither `X-Amz-Expires` nor a clock of the caller's, and
//! would bring a second generation of the hash crates along.

mod canonical;
mod parse;

use hmac::{Hmac, KeyInit, Mac};
use http::request::Parts;
use sha2::{Digest, Sha256};
use thiserror::Error;
use time::{Duration, OffsetDateTime};

use self::parse::{Claim, Place};
use crate::credentials::{Keyring, Principal};
use crate::function::REGION;

/// The service that Function URLs and the Lambda API are signed for.
const SERVICE: &str = "lambda";
/// How far the signer's clock may be off.
const MAX_SKEW: Duration = Duration::minutes(5);

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
    #[error("the credential's scope must be DATE/us-east-1/lambda/aws4_request")]
    Scope,
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

/// Finds out who signed the request.
///
/// `now` is the verifier's clock.
pub(crate) fn verify<'k>(
    keyring: &'k Keyring,
    parts: &Parts,
    body: &[u8],
    now: OffsetDateTime,
) -> Result<&'k Principal, SignatureError> {
    let claim = Claim::read(parts)?;
    let principal = keyring
        .find(&claim.access_key_id)
        .ok_or(SignatureError::UnknownKey)?;
    if claim.session_token != principal.credentials.session_token {
        return Err(SignatureError::UnknownKey);
    }
    if claim.region != REGION
        || claim.service != SERVICE
        || !claim.timestamp.starts_with(&claim.date)
    {
        return Err(SignatureError::Scope);
    }
    check_time(&claim, now)?;
    check_signed_headers(&claim, parts)?;

    let body_hash = hex::encode(Sha256::digest(body));
    if let Some(declared) = parts.headers.get("x-amz-content-sha256")
        && declared.as_bytes() != body_hash.as_bytes()
    {
        return Err(SignatureError::Body);
    }
    let canonical = canonical::request(parts, &claim.signed_headers, &body_hash);
    let scope = format!("{}/{REGION}/{SERVICE}/aws4_request", claim.date);
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n{}\n{scope}\n{}",
        claim.timestamp,
        hex::encode(Sha256::digest(canonical.as_bytes()))
    );
    let secret = format!("AWS4{}", principal.credentials.secret_access_key);
    let key = [claim.date.as_str(), REGION, SERVICE, "aws4_request"]
        .iter()
        .fold(secret.into_bytes(), |key, part| {
            mac(&key, part.as_bytes()).finalize().into_bytes().to_vec()
        });
    // Compares in constant time.
    mac(&key, to_sign.as_bytes())
        .verify_slice(&claim.signature)
        .map_err(|_| SignatureError::Mismatch)?;
    Ok(principal)
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

fn mac(key: &[u8], data: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(data);
    mac
}

#[cfg(test)]
mod tests;
