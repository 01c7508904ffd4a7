//! Uploads in parts.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html>

use std::collections::BTreeMap;

use md5::Md5;
use serde::{Deserialize, Serialize};
use sha2::Digest;

use super::checksums::{Algorithm, Checksum};
use super::errors::S3Error;
use super::xml;

/// The smallest part but the last, in bytes.
const MIN_PART: u64 = 5 * 1024 * 1024;
/// The highest number of a part.
pub(super) const MAX_PARTS: u32 = 10_000;

/// An upload that is under way.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Upload {
    pub(super) bucket: String,
    pub(super) key: String,
    /// The headers that the object will have.
    pub(super) headers: BTreeMap<String, String>,
    pub(super) algorithm: Algorithm,
    /// Whether the object's checksum is to be one of the parts' checksums.
    pub(super) is_composite: bool,
    pub(super) parts: BTreeMap<u32, Part>,
}

/// A part of an upload.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Part {
    pub(super) blob: String,
    /// In bytes.
    pub(super) size: u64,
    /// Hexadecimal, without quotes.
    pub(super) md5: String,
    pub(super) checksum: Checksum,
}

/// The parts that `CompleteMultipartUpload` lists: numbers and entity tags without quotes.
pub(super) fn listed(body: &[u8]) -> Result<Vec<(u32, String)>, S3Error> {
    let document = xml::parse(body, "CompleteMultipartUpload")?;
    let parts = document
        .root_element()
        .children()
        .filter(|node| node.tag_name().name() == "Part");
    let mut listed = Vec::new();
    for part in parts {
        let number = xml::text(part, "PartNumber").and_then(|number| number.parse().ok());
        let etag = xml::text(part, "ETag").map(|etag| etag.trim_matches('"').to_owned());
        let (Some(number), Some(etag)) = (number, etag) else {
            return Err(S3Error::MalformedXml);
        };
        listed.push((number, etag));
    }
    if listed.is_empty() {
        return Err(S3Error::MalformedXml);
    }
    if !listed.is_sorted_by(|(one, _), (next, _)| one < next) {
        return Err(S3Error::InvalidPartOrder);
    }
    Ok(listed)
}

impl Upload {
    /// The parts that make the object, in order.
    pub(super) fn chosen(&self, listed: &[(u32, String)]) -> Result<Vec<&Part>, S3Error> {
        let mut parts = Vec::with_capacity(listed.len());
        for (index, (number, etag)) in listed.iter().enumerate() {
            let part = self.parts.get(number).ok_or(S3Error::InvalidPart)?;
            if part.md5 != *etag {
                return Err(S3Error::InvalidPart);
            }
            if part.size < MIN_PART && index + 1 < listed.len() {
                return Err(S3Error::EntityTooSmall);
            }
            parts.push(part);
        }
        Ok(parts)
    }
}

/// The entity tag of an object made of `parts`, with its quotes.
pub(super) fn etag(parts: &[&Part]) -> String {
    let digests: Vec<u8> = parts
        .iter()
        .flat_map(|part| hex::decode(&part.md5).unwrap_or_default())
        .collect();
    format!("\"{}-{}\"", hex::encode(Md5::digest(digests)), parts.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(parts: &str) -> String {
        let text = format!(
            "<CompleteMultipartUpload xmlns=\"{}\">{parts}</CompleteMultipartUpload>",
            xml::NAMESPACE
        );
        match listed(text.as_bytes()) {
            Ok(parts) => format!("{parts:?}"),
            Err(error) => error.code().to_owned(),
        }
    }

    #[test]
    fn parts_are_listed_in_order() {
        let part = |number: u32| {
            format!(
                "<Part><ETag>&quot;e{number}&quot;</ETag><PartNumber>{number}</PartNumber></Part>"
            )
        };
        insta::assert_snapshot!(list(&(part(1) + &part(3))), @r#"[(1, "e1"), (3, "e3")]"#);
        insta::assert_snapshot!(list(&(part(2) + &part(1))), @"InvalidPartOrder");
        insta::assert_snapshot!(list(&(part(2) + &part(2))), @"InvalidPartOrder");
        insta::assert_snapshot!(list(""), @"MalformedXML");
        insta::assert_snapshot!(list("<Part><PartNumber>1</PartNumber></Part>"), @"MalformedXML");
        assert_eq!(listed(b"<Other/>").unwrap_err().code(), "MalformedXML");
    }
}
