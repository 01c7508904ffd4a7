//! What a request says about its own signature.

use http::HeaderValue;
use http::header::AUTHORIZATION;
use http::request::Parts;
use percent_encoding::percent_decode_str;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

use super::SignatureError;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
pub(super) const TIMESTAMP: &[BorrowedFormatItem<'_>] =
    format_description!("[year][month][day]T[hour][minute][second]Z");
/// The longest that a presigned request can be valid, in seconds: seven days.
const MAX_EXPIRES: i64 = 7 * 24 * 60 * 60;

/// Where the signature stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Header,
    Query { valid_for: Duration },
}

/// A signature and what it claims, unverified.
pub(super) struct Claim {
    pub(super) place: Place,
    pub(super) access_key_id: String,
    /// `YYYYMMDD`, from the credential's scope.
    pub(super) date: String,
    pub(super) region: String,
    pub(super) service: String,
    /// Lower case, sorted.
    pub(super) signed_headers: Vec<String>,
    pub(super) signature: Vec<u8>,
    pub(super) timestamp: String,
    pub(super) signed_at: OffsetDateTime,
    pub(super) session_token: Option<String>,
}

impl Claim {
    pub(super) fn read(parts: &Parts) -> Result<Self, SignatureError> {
        let query = parts.uri.query().unwrap_or_default();
        let in_query = parameter(query, "X-Amz-Algorithm").is_some();
        match (parts.headers.get(AUTHORIZATION), in_query) {
            (None, false) => Err(SignatureError::Missing),
            (Some(_), true) => Err(SignatureError::Malformed(
                "signed in the header and in the query",
            )),
            (Some(header), false) => Self::from_header(parts, header),
            (None, true) => Self::from_query(query),
        }
    }

    fn from_header(parts: &Parts, header: &HeaderValue) -> Result<Self, SignatureError> {
        let text = header
            .to_str()
            .map_err(|_| SignatureError::Malformed("Authorization"))?;
        let fields = text
            .strip_prefix(ALGORITHM)
            .ok_or(SignatureError::Malformed("the algorithm"))?;
        let field = |name: &'static str| {
            let mut fields = fields
                .split(',')
                .filter_map(|field| field.trim().split_once('='));
            fields
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value.trim())
                .ok_or(SignatureError::Malformed(name))
        };
        let header = |name| {
            parts
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let timestamp = header("x-amz-date").ok_or(SignatureError::Malformed("x-amz-date"))?;
        Self::build(
            Place::Header,
            field("Credential")?,
            timestamp,
            field("SignedHeaders")?,
            field("Signature")?,
            header("x-amz-security-token").map(str::to_owned),
        )
    }

    fn from_query(query: &str) -> Result<Self, SignatureError> {
        let field =
            |name: &'static str| parameter(query, name).ok_or(SignatureError::Malformed(name));
        if field("X-Amz-Algorithm")? != ALGORITHM {
            return Err(SignatureError::Malformed("the algorithm"));
        }
        let expires = field("X-Amz-Expires")?.parse().unwrap_or(0);
        if !(1..=MAX_EXPIRES).contains(&expires) {
            return Err(SignatureError::Malformed("X-Amz-Expires"));
        }
        Self::build(
            Place::Query {
                valid_for: Duration::seconds(expires),
            },
            &field("X-Amz-Credential")?,
            &field("X-Amz-Date")?,
            &field("X-Amz-SignedHeaders")?,
            &field("X-Amz-Signature")?,
            parameter(query, "X-Amz-Security-Token"),
        )
    }

    fn build(
        place: Place,
        credential: &str,
        timestamp: &str,
        signed_headers: &str,
        signature: &str,
        session_token: Option<String>,
    ) -> Result<Self, SignatureError> {
        let mut scope = credential.split('/');
        let mut part = || {
            scope
                .next()
                .map(str::to_owned)
                .ok_or(SignatureError::Malformed("Credential"))
        };
        let (access_key_id, date, region, service, terminator) =
            (part()?, part()?, part()?, part()?, part()?);
        if terminator != "aws4_request" || scope.next().is_some() || date.len() != "YYYYMMDD".len()
        {
            return Err(SignatureError::Malformed("Credential"));
        }
        let signed_at = PrimitiveDateTime::parse(timestamp, TIMESTAMP)
            .map_err(|_| SignatureError::Malformed("the date"))?
            .assume_utc();
        let signed_headers: Vec<String> = signed_headers.split(';').map(str::to_owned).collect();
        let is_canonical =
            |name: &String| !name.is_empty() && !name.contains(|c: char| c.is_ascii_uppercase());
        if !signed_headers.is_sorted() || !signed_headers.iter().all(is_canonical) {
            return Err(SignatureError::Malformed("SignedHeaders"));
        }
        let signature =
            hex::decode(signature).map_err(|_| SignatureError::Malformed("Signature"))?;
        Ok(Self {
            place,
            access_key_id,
            date,
            region,
            service,
            signed_headers,
            signature,
            timestamp: timestamp.to_owned(),
            signed_at,
            session_token,
        })
    }
}

/// A query parameter's decoded value.
fn parameter(query: &str, name: &str) -> Option<String> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(key, _)| *key == name)?;
    Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
}
