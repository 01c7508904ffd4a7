//! A request to S3, taken apart.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, Uri};
use percent_encoding::percent_decode_str;

use super::buckets::Conditions;
use super::errors::S3Error;
use super::policy::Actor;
use crate::function::ACCOUNT_ID;

/// A request with its signature verified and its body decoded.
pub(super) struct Request<'a> {
    pub(super) method: Method,
    /// Empty for the service itself.
    pub(super) bucket: String,
    pub(super) key: Option<String>,
    /// The parameters, without those of a signature.
    pub(super) query: BTreeMap<String, String>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) actor: Actor<'a>,
}

impl<'a> Request<'a> {
    pub(super) fn new(parts: &Parts, headers: HeaderMap, body: Bytes, actor: Actor<'a>) -> Self {
        let path = parts.uri.path().trim_start_matches('/');
        let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        Self {
            method: parts.method.clone(),
            bucket: decode(bucket),
            key: (!key.is_empty()).then(|| decode(key)),
            query: query(&parts.uri),
            headers,
            body,
            actor,
        }
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// Refuses parameters other than these, rather than do something else than was asked for.
    pub(super) fn allow_parameters(&self, known: &[&str]) -> Result<(), S3Error> {
        if self.query.keys().all(|name| known.contains(&name.as_str())) {
            Ok(())
        } else {
            Err(S3Error::NotImplemented("one of the query's parameters"))
        }
    }

    /// What a write depends on.
    pub(super) fn conditions(&self) -> Conditions {
        Conditions {
            matches: self.header("if-match").map(str::to_owned),
            none_matches: self.header("if-none-match").map(str::to_owned),
        }
    }

    /// Refuses what S3 would do and the local one can't, and ACLs.
    pub(super) fn check_headers(&self) -> Result<(), S3Error> {
        let acl = self.header("x-amz-acl").unwrap_or("private");
        let grants = self
            .headers
            .keys()
            .any(|name| name.as_str().starts_with("x-amz-grant-"));
        if grants || !matches!(acl, "private" | "bucket-owner-full-control") {
            return Err(S3Error::AccessControlListNotSupported);
        }
        for (header, what) in [
            ("x-amz-copy-source", "copies"),
            ("x-amz-tagging", "tags"),
            ("x-amz-object-lock-mode", "object locks"),
            ("x-amz-bucket-object-lock-enabled", "object locks"),
            (
                "x-amz-server-side-encryption-customer-algorithm",
                "encryption with keys of the client",
            ),
        ] {
            if self.headers.contains_key(header) {
                return Err(S3Error::NotImplemented(what));
            }
        }
        match self.header("x-amz-expected-bucket-owner") {
            Some(owner) if owner != ACCOUNT_ID => Err(S3Error::AccessDenied),
            _ => Ok(()),
        }
    }

    /// The headers that are kept beside an object.
    pub(super) fn object_headers(&self) -> BTreeMap<String, String> {
        const KEPT: [&str; 7] = [
            "content-type",
            "cache-control",
            "content-disposition",
            "content-encoding",
            "content-language",
            "expires",
            "x-amz-server-side-encryption",
        ];
        let mut kept: BTreeMap<String, String> = self
            .headers
            .iter()
            .filter(|(name, _)| {
                KEPT.contains(&name.as_str()) || name.as_str().starts_with("x-amz-meta-")
            })
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                (name.as_str().to_owned(), value)
            })
            .collect();
        for (name, default) in [
            ("content-type", "binary/octet-stream"),
            ("x-amz-server-side-encryption", "AES256"),
        ] {
            kept.entry(name.to_owned())
                .or_insert_with(|| default.to_owned());
        }
        kept
    }
}

fn query(uri: &Uri) -> BTreeMap<String, String> {
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text).decode_utf8_lossy().into_owned()
    };
    uri.query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        // SDKs name the operation in `x-id`.
        .filter(|(name, _)| name != "x-id" && !name.to_ascii_lowercase().starts_with("x-amz-"))
        .collect()
}
