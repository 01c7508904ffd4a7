//! Listing of a bucket's objects.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::bucket_calls::iso;
use super::errors::S3Error;
use super::request::Request;
use super::service::Answer;
use super::{S3, xml};

/// The most entries of one answer.
const MAX_KEYS: usize = 1000;
/// What keys keep when they are asked for in URL encoding.
const URL: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'/');

const PARAMETERS: [&str; 8] = [
    "list-type",
    "prefix",
    "delimiter",
    "max-keys",
    "continuation-token",
    "start-after",
    "encoding-type",
    "fetch-owner",
];

/// What stands for one key, or for all keys with a common prefix.
#[derive(Debug, PartialEq, Eq)]
enum Entry<'k> {
    Key(&'k str),
    Prefix(&'k str),
}

impl<'k> Entry<'k> {
    fn name(&self) -> &'k str {
        match *self {
            Self::Key(name) | Self::Prefix(name) => name,
        }
    }
}

/// The entries of sorted keys, each prefix once.
fn entries<'k>(
    keys: impl Iterator<Item = &'k str>,
    prefix: &str,
    delimiter: &str,
) -> Vec<Entry<'k>> {
    let mut entries: Vec<Entry<'k>> = Vec::new();
    for key in keys {
        let Some(rest) = key.strip_prefix(prefix) else {
            continue;
        };
        let common = (!delimiter.is_empty())
            .then(|| rest.find(delimiter))
            .flatten();
        let entry = match common {
            Some(end) => Entry::Prefix(&key[..prefix.len() + end + delimiter.len()]),
            None => Entry::Key(key),
        };
        if entries.last() != Some(&entry) {
            entries.push(entry);
        }
    }
    entries
}

impl S3 {
    pub(super) fn list(&self, request: &Request<'_>) -> Result<Answer, S3Error> {
        request.allow_parameters(&PARAMETERS)?;
        if request.parameter("list-type") != Some("2") {
            return Err(S3Error::NotImplemented("ListObjects; use ListObjectsV2"));
        }
        let invalid =
            |what: &str| S3Error::InvalidArgument(format!("Provided {what} is not valid"));
        let limit = match request.parameter("max-keys") {
            None => MAX_KEYS,
            Some(text) => text
                .parse::<usize>()
                .map_err(|_| invalid("max-keys"))?
                .min(MAX_KEYS),
        };
        let after = match request.parameter("continuation-token") {
            Some(token) => {
                let decoded = BASE64_URL_SAFE_NO_PAD.decode(token).ok();
                decoded
                    .and_then(|bytes| String::from_utf8(bytes).ok())
                    .ok_or_else(|| invalid("continuation token"))?
            }
            None => request
                .parameter("start-after")
                .unwrap_or_default()
                .to_owned(),
        };
        let is_encoded = request.parameter("encoding-type") == Some("url");
        let name = |text: &str| {
            if is_encoded {
                utf8_percent_encode(text, URL).to_string()
            } else {
                text.to_owned()
            }
        };
        let prefix = request.parameter("prefix").unwrap_or_default();
        let delimiter = request.parameter("delimiter").unwrap_or_default();

        let state = self.state();
        let bucket = state.bucket(&request.bucket)?;
        let all = entries(bucket.objects.keys().map(String::as_str), prefix, delimiter);
        let rest: Vec<_> = all
            .into_iter()
            .filter(|entry| entry.name() > after.as_str())
            .collect();
        let page = &rest[..limit.min(rest.len())];
        let is_truncated = limit > 0 && page.len() < rest.len();

        let mut text = xml::start("ListBucketResult");
        xml::push(&mut text, "Name", &request.bucket);
        xml::push(&mut text, "Prefix", &name(prefix));
        if !delimiter.is_empty() {
            xml::push(&mut text, "Delimiter", &name(delimiter));
        }
        xml::push(&mut text, "KeyCount", &page.len().to_string());
        xml::push(&mut text, "MaxKeys", &limit.to_string());
        if is_encoded {
            xml::push(&mut text, "EncodingType", "url");
        }
        xml::push(&mut text, "IsTruncated", &is_truncated.to_string());
        if let (true, Some(last)) = (is_truncated, page.last()) {
            let token = BASE64_URL_SAFE_NO_PAD.encode(last.name());
            xml::push(&mut text, "NextContinuationToken", &token);
        }
        for entry in page {
            match entry {
                Entry::Key(key) => {
                    let object = bucket.object(key)?;
                    text.push_str("<Contents>");
                    xml::push(&mut text, "Key", &name(key));
                    xml::push(&mut text, "LastModified", &iso(object.modified));
                    xml::push(&mut text, "ETag", &object.etag);
                    xml::push(&mut text, "Size", &object.size.to_string());
                    xml::push(&mut text, "StorageClass", "STANDARD");
                    text.push_str("</Contents>");
                }
                Entry::Prefix(prefix) => {
                    text.push_str("<CommonPrefixes>");
                    xml::push(&mut text, "Prefix", &name(prefix));
                    text.push_str("</CommonPrefixes>");
                }
            }
        }
        text.push_str("</ListBucketResult>");
        Ok(Answer::xml(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_prefixes_stand_for_their_keys() {
        let keys = ["a/1", "a/2", "b", "b/", "c/1"];
        let list =
            |prefix, delimiter| format!("{:?}", entries(keys.into_iter(), prefix, delimiter));
        insta::assert_snapshot!(list("", "/"), @r#"[Prefix("a/"), Key("b"), Prefix("b/"), Prefix("c/")]"#);
        insta::assert_snapshot!(list("a/", "/"), @r#"[Key("a/1"), Key("a/2")]"#);
        insta::assert_snapshot!(list("c", ""), @r#"[Key("c/1")]"#);
    }
}
