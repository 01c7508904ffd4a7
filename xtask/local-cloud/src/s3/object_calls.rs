//! The operations on objects.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, StatusCode};
use md5::Md5;
use sha2::Digest;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::buckets::Object;
use super::checksums::{self, Checksum};
use super::errors::S3Error;
use super::request::Request;
use super::service::Answer;
use super::{S3, now};

const HTTP_DATE: &[BorrowedFormatItem<'_>] = format_description!(
    "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
);

impl S3 {
    pub(super) fn object_call(&self, request: &Request<'_>, key: &str) -> Result<Answer, S3Error> {
        request.allow_parameters(&[])?;
        let action = match request.method {
            Method::PUT => "s3:PutObject",
            Method::GET | Method::HEAD => "s3:GetObject",
            Method::DELETE => "s3:DeleteObject",
            _ => return Err(S3Error::MethodNotAllowed),
        };
        self.state()
            .authorize(request.actor, action, &request.bucket, Some(key))?;
        match request.method {
            Method::PUT => self.put_object(request, key),
            Method::DELETE => {
                self.change(|state| {
                    // S3 does not mind if there is none.
                    state.bucket_mut(&request.bucket)?.objects.remove(key);
                    Ok(())
                })?;
                Ok(Answer::empty(StatusCode::NO_CONTENT))
            }
            _ => self.get_object(request, key),
        }
    }

    fn put_object(&self, request: &Request<'_>, key: &str) -> Result<Answer, S3Error> {
        let checksum = checksums::verify(&request.headers, &request.body)?;
        let object = self.keep(&request.body, request.object_headers(), checksum)?;
        let mut answer = Answer::empty(StatusCode::OK);
        answer.headers.push(("etag", object.etag.clone()));
        answer.headers.extend(checksum_headers(&object));
        let conditions = request.conditions();
        self.change(|state| state.put(&request.bucket, key, object, &conditions))?;
        Ok(answer)
    }

    /// Keeps the bytes of an object.
    pub(super) fn keep(
        &self,
        bytes: &Bytes,
        headers: BTreeMap<String, String>,
        checksum: Checksum,
    ) -> Result<Object, S3Error> {
        Ok(Object {
            blob: self.blobs.put(bytes)?,
            size: bytes.len() as u64,
            etag: format!("\"{}\"", hex::encode(Md5::digest(bytes))),
            modified: now(),
            headers,
            checksum,
            is_composite: false,
        })
    }

    fn get_object(&self, request: &Request<'_>, key: &str) -> Result<Answer, S3Error> {
        let object = {
            let state = self.state();
            state.bucket(&request.bucket)?.object(key)?.clone()
        };
        if let Some(etag) = request.header("if-match")
            && etag != "*"
            && etag != object.etag
        {
            return Err(S3Error::PreconditionFailed);
        }
        if let Some(etag) = request.header("if-none-match")
            && (etag == "*" || etag == object.etag)
        {
            return Err(S3Error::NotModified);
        }
        let range = match request.header("range") {
            Some(text) => range(text, object.size)?,
            None => None,
        };
        let modified = OffsetDateTime::from_unix_timestamp(object.modified)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
            .format(HTTP_DATE)
            .unwrap_or_default();
        let mut answer = Answer::empty(StatusCode::OK);
        answer.headers.extend([
            ("etag", object.etag.clone()),
            ("last-modified", modified),
            ("accept-ranges", "bytes".to_owned()),
        ]);
        let wants_checksum = request
            .header("x-amz-checksum-mode")
            .is_some_and(|mode| mode.eq_ignore_ascii_case("enabled"));
        if wants_checksum && range.is_none() {
            answer.headers.extend(checksum_headers(&object));
        }
        let (start, end) = range.unwrap_or((0, object.size));
        if range.is_some() {
            answer.status = StatusCode::PARTIAL_CONTENT;
            // A range is never empty.
            let last = end.saturating_sub(1);
            let content = format!("bytes {start}-{last}/{}", object.size);
            answer.headers.push(("content-range", content));
        }
        answer
            .headers
            .push(("content-length", (end - start).to_string()));
        if request.method == Method::GET {
            let bytes = self.blobs.get(&object.blob)?;
            let index = |position: u64| usize::try_from(position).unwrap_or(usize::MAX);
            answer.body = bytes.slice(index(start).min(bytes.len())..index(end).min(bytes.len()));
        }
        answer.object_headers.extend(object.headers);
        Ok(answer)
    }
}

/// The headers that tell of an object's checksum.
pub(super) fn checksum_headers(object: &Object) -> [(&'static str, String); 2] {
    let kind = if object.is_composite {
        "COMPOSITE"
    } else {
        "FULL_OBJECT"
    };
    [
        (
            object.checksum.algorithm.header(),
            object.checksum.value.clone(),
        ),
        ("x-amz-checksum-type", kind.to_owned()),
    ]
}

/// The bytes that a `Range` header asks for, the end exclusive. A header that is not understood is ignored, as HTTP
/// has it.
fn range(text: &str, length: u64) -> Result<Option<(u64, u64)>, S3Error> {
    let parsed = text
        .strip_prefix("bytes=")
        .and_then(|range| range.split_once('-'));
    let Some((first, last)) = parsed else {
        return Ok(None);
    };
    let bounds = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => (first, last.saturating_add(1).min(length)),
        (Ok(first), Err(_)) if last.is_empty() => (first, length),
        (Err(_), Ok(count)) if first.is_empty() => {
            (length.saturating_sub(count), length.max(count.min(1)))
        }
        _ => return Ok(None),
    };
    let (start, end) = (bounds.0, bounds.1.min(length));
    if start >= end {
        return Err(S3Error::InvalidRange { length });
    }
    Ok(Some((start, end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_of_http() {
        let range = |text, length| range(text, length).map_err(|error| error.code());
        assert_eq!(range("bytes=0-3", 10), Ok(Some((0, 4))));
        assert_eq!(range("bytes=8-100", 10), Ok(Some((8, 10))));
        assert_eq!(range("bytes=4-", 10), Ok(Some((4, 10))));
        assert_eq!(range("bytes=-4", 10), Ok(Some((6, 10))));
        assert_eq!(range("bytes=-40", 10), Ok(Some((0, 10))));
        assert_eq!(range("bytes=10-", 10), Err("InvalidRange"));
        assert_eq!(range("bytes=-0", 10), Err("InvalidRange"));
        assert_eq!(range("bytes=0-0", 0), Err("InvalidRange"));
        for ignored in [
            "bytes=4-2",
            "lines=1-2",
            "bytes=a-b",
            "bytes=-",
            "bytes=0-1,3-4",
        ] {
            assert_eq!(range(ignored, 10), Ok(None), "{ignored}");
        }
    }
}
