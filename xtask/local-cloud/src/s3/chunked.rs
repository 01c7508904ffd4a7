//! Bodies in `aws-chunked` encoding: chunks with or without signatures, then trailers.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html>

use std::fmt::Write;

use bytes::{Bytes, BytesMut};
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::errors::S3Error;
use crate::sigv4::ChunkVerifier;

const ENCODING: &str = "aws-chunked";

/// The body that is meant. Trailers are put among `headers`, and the encoding is taken from them.
///
/// `verifier` verifies the signatures of the chunks, if the request says that there are any.
pub(super) fn decode(
    headers: &mut HeaderMap,
    body: Bytes,
    verifier: Option<ChunkVerifier>,
) -> Result<Bytes, S3Error> {
    let is_streaming = headers
        .get("x-amz-content-sha256")
        .is_some_and(|value| value.as_bytes().starts_with(b"STREAMING-"));
    if !is_streaming {
        return Ok(body);
    }
    let declared = headers
        .get("x-amz-decoded-content-length")
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let mut reader = Reader {
        rest: &body,
        verifier,
    };
    let mut decoded = BytesMut::with_capacity(body.len());
    while let Some(chunk) = reader.chunk()? {
        decoded.extend_from_slice(chunk);
    }
    reader.trailers(headers)?;
    let trailer = headers
        .get("x-amz-trailer")
        .and_then(|name| name.to_str().ok());
    if trailer.is_some_and(|name| !headers.contains_key(name)) {
        return Err(S3Error::IncompleteBody("the declared trailer is missing"));
    }
    if declared != Some(decoded.len()) {
        return Err(S3Error::IncompleteBody("x-amz-decoded-content-length"));
    }
    remove_encoding(headers);
    Ok(decoded.freeze())
}

struct Reader<'b> {
    rest: &'b [u8],
    verifier: Option<ChunkVerifier>,
}

impl<'b> Reader<'b> {
    fn line(&mut self) -> Result<&'b str, S3Error> {
        let malformed = S3Error::IncompleteBody("a line of a chunk does not end");
        let Some(end) = self.rest.windows(2).position(|pair| pair == b"\r\n") else {
            return Err(malformed);
        };
        let line = std::str::from_utf8(&self.rest[..end]).map_err(|_| malformed)?;
        self.rest = &self.rest[end + 2..];
        Ok(line)
    }

    /// The next chunk, or `None` after the last one, which is empty.
    fn chunk(&mut self) -> Result<Option<&'b [u8]>, S3Error> {
        let head = self.line()?;
        let (length, signature) = match head.split_once(";chunk-signature=") {
            Some((length, signature)) => (length, Some(signature)),
            None => (head, None),
        };
        let length = usize::from_str_radix(length, 16)
            .map_err(|_| S3Error::IncompleteBody("the length of a chunk"))?;
        if length > self.rest.len() {
            return Err(S3Error::IncompleteBody("a chunk is cut off"));
        }
        let (data, rest) = self.rest.split_at(length);
        if let Some(verifier) = &mut self.verifier {
            verifier.chunk(data, signature.unwrap_or_default())?;
        }
        if length == 0 {
            return Ok(None);
        }
        self.rest = rest
            .strip_prefix(b"\r\n")
            .ok_or(S3Error::IncompleteBody("a chunk does not end"))?;
        Ok(Some(data))
    }

    fn trailers(mut self, headers: &mut HeaderMap) -> Result<(), S3Error> {
        let mut signed = String::new();
        let mut signature = None;
        loop {
            // The last line break may be missing.
            let line = if self.rest.is_empty() {
                ""
            } else {
                self.line()?
            };
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
            if name == "x-amz-trailer-signature" {
                signature = Some(value);
                continue;
            }
            // Writing to a string can't fail.
            let _ = writeln!(signed, "{name}:{value}");
            let pair = (name.parse::<HeaderName>(), HeaderValue::from_str(value));
            // S3 takes checksums as trailers, and nothing else.
            let (true, (Ok(name), Ok(value))) = (name.starts_with("x-amz-checksum-"), pair) else {
                return Err(S3Error::IncompleteBody("a trailer"));
            };
            headers.insert(name, value);
        }
        match (self.verifier, signed.is_empty()) {
            (Some(mut verifier), false) => {
                Ok(verifier.trailers(&signed, signature.unwrap_or_default())?)
            }
            _ => Ok(()),
        }
    }
}

/// Takes `aws-chunked` from `Content-Encoding`, which is kept beside the object.
fn remove_encoding(headers: &mut HeaderMap) {
    let given = headers.remove(CONTENT_ENCODING);
    let Some(given) = given.as_ref().and_then(|value| value.to_str().ok()) else {
        return;
    };
    let kept: Vec<_> = given
        .split(',')
        .map(str::trim)
        .filter(|encoding| !encoding.is_empty() && *encoding != ENCODING)
        .collect();
    if let Ok(value) = HeaderValue::from_str(&kept.join(","))
        && !kept.is_empty()
    {
        headers.insert(CONTENT_ENCODING, value);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decoded(length: &'static str, body: &'static [u8]) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
            ("x-amz-decoded-content-length", length),
            ("content-encoding", "aws-chunked,gzip"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        match decode(&mut headers, Bytes::from_static(body), None) {
            Ok(body) => format!(
                "{} {:?} {:?}",
                String::from_utf8_lossy(&body),
                headers.get("x-amz-checksum-crc32"),
                headers.get("content-encoding"),
            ),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn chunks_are_joined_and_trailers_become_headers() {
        insta::assert_snapshot!(
            decoded("9", b"4\r\nwiki\r\n5;chunk-signature=ab\r\npedia\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"),
            @r#"wikipedia Some("AAAAAA==") Some("gzip")"#
        );
        insta::assert_snapshot!(decoded("0", b"0\r\n\r\n"), @r#" None Some("gzip")"#);
    }

    proptest! {
        #[test]
        fn any_split_is_put_together(chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..40), 0..6)) {
            let mut body = Vec::new();
            for chunk in &chunks {
                body.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                body.extend_from_slice(chunk);
                body.extend_from_slice(b"\r\n");
            }
            body.extend_from_slice(b"0\r\n\r\n");
            let whole = chunks.concat();
            prop_assert_eq!(decode(&mut streaming(whole.len()), body.into(), None).unwrap(), whole);
        }

        #[test]
        fn any_body_is_answered(body in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = decode(&mut streaming(0), body.into(), None);
        }
    }

    fn streaming(length: usize) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let words = HeaderValue::from_static("STREAMING-UNSIGNED-PAYLOAD-TRAILER");
        headers.insert("x-amz-content-sha256", words);
        headers.insert("x-amz-decoded-content-length", length.into());
        headers
    }

    #[test]
    fn a_declared_trailer_has_to_come() {
        let mut headers = streaming(0);
        headers.insert(
            "x-amz-trailer",
            HeaderValue::from_static("x-amz-checksum-crc32"),
        );
        let refused = decode(&mut headers, Bytes::from_static(b"0\r\n\r\n"), None).unwrap_err();
        insta::assert_snapshot!(refused.to_string(), @"The request body is not of the declared length or form: the declared trailer is missing");
        let mut headers = streaming(0);
        let refused = decode(
            &mut headers,
            Bytes::from_static(b"0\r\nif-match:x\r\n\r\n"),
            None,
        )
        .unwrap_err();
        insta::assert_snapshot!(refused.to_string(), @"The request body is not of the declared length or form: a trailer");
    }

    #[test]
    fn what_is_cut_off_is_refused() {
        insta::assert_snapshot!(decoded("9", b"4\r\nwiki\r\n0\r\n\r\n"), @"The request body is not of the declared length or form: x-amz-decoded-content-length");
        insta::assert_snapshot!(decoded("4", b"4\r\nwik"), @"The request body is not of the declared length or form: a chunk is cut off");
        insta::assert_snapshot!(decoded("4", b"4\r\nwiki!!"), @"The request body is not of the declared length or form: a chunk does not end");
        insta::assert_snapshot!(decoded("4", b"x\r\n"), @"The request body is not of the declared length or form: the length of a chunk");
    }
}
