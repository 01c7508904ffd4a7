//! The signatures of a body that is signed chunk by chunk.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>

use hmac::Mac;
use sha2::{Digest, Sha256};

use super::{SignatureError, mac};

/// Verifies one chunk after the other: each signature covers the one before it.
pub(crate) struct ChunkVerifier {
    key: Vec<u8>,
    timestamp: String,
    scope: String,
    previous: String,
}

impl std::fmt::Debug for ChunkVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChunkVerifier").finish_non_exhaustive()
    }
}

impl ChunkVerifier {
    /// `seed` is the signature of the request itself.
    pub(super) fn new(key: Vec<u8>, timestamp: &str, scope: &str, seed: &[u8]) -> Self {
        Self {
            key,
            timestamp: timestamp.to_owned(),
            scope: scope.to_owned(),
            previous: hex::encode(seed),
        }
    }

    /// Verifies the next chunk; the last one is empty.
    pub(crate) fn chunk(&mut self, data: &[u8], signature: &str) -> Result<(), SignatureError> {
        let nothing = hex::encode(Sha256::digest(b""));
        let hash = hex::encode(Sha256::digest(data));
        self.verify("PAYLOAD", &format!("{nothing}\n{hash}"), signature)
    }

    /// Verifies the trailers, given as lines `name:value` that each end with a line feed.
    pub(crate) fn trailers(&mut self, lines: &str, signature: &str) -> Result<(), SignatureError> {
        let hash = hex::encode(Sha256::digest(lines.as_bytes()));
        self.verify("TRAILER", &hash, signature)
    }

    fn verify(&mut self, kind: &str, hashes: &str, given: &str) -> Result<(), SignatureError> {
        let to_sign = format!(
            "AWS4-HMAC-SHA256-{kind}\n{}\n{}\n{}\n{hashes}",
            self.timestamp, self.scope, self.previous
        );
        let signature = hex::decode(given)
            .map_err(|_| SignatureError::Malformed("the signature of a chunk"))?;
        mac(&self.key, to_sign.as_bytes())
            .verify_slice(&signature)
            .map_err(|_| SignatureError::Mismatch)?;
        given.clone_into(&mut self.previous);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Service, signing_key};
    use super::*;

    /// The example of S3's documentation, whose signatures these are.
    #[test]
    fn the_documented_example_is_accepted() {
        let key = signing_key(
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "20130524",
            Service::S3,
        );
        let seed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
        let verifier = || {
            ChunkVerifier::new(
                key.clone(),
                "20130524T000000Z",
                "20130524/us-east-1/s3/aws4_request",
                &hex::decode(seed).unwrap(),
            )
        };
        let chunks = [
            (
                65536,
                "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
            ),
            (
                1024,
                "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
            ),
            (
                0,
                "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
            ),
        ];
        let mut in_order = verifier();
        for (length, signature) in chunks {
            assert_eq!(in_order.chunk(&vec![b'a'; length], signature), Ok(()));
        }
        let (length, signature) = chunks[1];
        let skipped = verifier().chunk(&vec![b'a'; length], signature);
        assert_eq!(skipped, Err(SignatureError::Mismatch));
        let (length, signature) = chunks[0];
        let altered = verifier().chunk(&vec![b'b'; length], signature);
        assert_eq!(altered, Err(SignatureError::Mismatch));
    }
}
