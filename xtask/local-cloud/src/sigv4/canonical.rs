//! The canonical form of a request, over which its signature is made.

use http::request::Parts;
use percent_encoding::{
    AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode, utf8_percent_encode,
};

use super::Service;

/// Everything but RFC 3986's unreserved characters.
const STRICT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// The same for a path, whose slashes stay.
const PATH: &AsciiSet = &STRICT.remove(b'/');

/// The canonical request. `signed_headers` are lower case and sorted.
pub(super) fn request(
    service: Service,
    parts: &Parts,
    signed_headers: &[String],
    body_hash: &str,
) -> String {
    let mut canonical = String::new();
    canonical.push_str(parts.method.as_str());
    canonical.push('\n');
    let received = parts.uri.path();
    canonical.push_str(&match service {
        Service::S3 => object_path(received),
        _ => path(received),
    });
    canonical.push('\n');
    canonical.push_str(&query(parts.uri.query().unwrap_or_default()));
    canonical.push('\n');
    for name in signed_headers {
        canonical.push_str(name);
        canonical.push(':');
        for (index, value) in parts.headers.get_all(name.as_str()).iter().enumerate() {
            if index > 0 {
                canonical.push(',');
            }
            let value = String::from_utf8_lossy(value.as_bytes());
            let words: Vec<_> = value.split(' ').filter(|word| !word.is_empty()).collect();
            canonical.push_str(&words.join(" "));
        }
        canonical.push('\n');
    }
    canonical.push('\n');
    canonical.push_str(&signed_headers.join(";"));
    canonical.push('\n');
    canonical.push_str(body_hash);
    canonical
}

/// The path of an S3 request, as it is but strictly encoded: a key may hold `//` and `..`.
fn object_path(received: &str) -> String {
    let decoded: Vec<u8> = percent_decode_str(received).collect();
    percent_encode(&decoded, PATH).to_string()
}

/// The path without `.`, `..` and empty segments, and encoded once more: as received it is encoded already, and every
/// service but S3 signs it encoded twice.
fn path(received: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in received.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    let mut normal = format!("/{}", segments.join("/"));
    let is_folder =
        received.ends_with('/') || received.ends_with("/.") || received.ends_with("/..");
    if is_folder && !segments.is_empty() {
        normal.push('/');
    }
    utf8_percent_encode(&normal, PATH).to_string()
}

/// The parameters without the signature, decoded, strictly encoded and sorted.
fn query(received: &str) -> String {
    let encode = |text: &str| {
        let text = text.replace('+', " ");
        let decoded: Vec<u8> = percent_decode_str(&text).collect();
        percent_encode(&decoded, STRICT).to_string()
    };
    let mut pairs: Vec<(String, String)> = received
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .filter(|(name, _)| *name != "X-Amz-Signature")
        .map(|(name, value)| (encode(name), encode(value)))
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}
