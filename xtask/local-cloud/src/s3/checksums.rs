//! The checksums that S3 verifies and keeps beside an object.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::HeaderMap;
use md5::Md5;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::errors::S3Error;

/// A checksum's algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Algorithm {
    Crc32,
    Crc32c,
    Crc64nvme,
    Sha256,
}

/// A checksum as it stands in a header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Checksum {
    pub(super) algorithm: Algorithm,
    /// Base64; of a composite checksum followed by `-` and the number of parts.
    pub(super) value: String,
}

/// What is left after all bits of a byte went through a reflected polynomial.
const fn table32(polynomial: u32) -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    let mut byte = 0;
    while index < table.len() {
        let mut value = byte;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 {
                (value >> 1) ^ polynomial
            } else {
                value >> 1
            };
            bit += 1;
        }
        table[index] = value;
        index += 1;
        byte += 1;
    }
    table
}

const fn table64(polynomial: u64) -> [u64; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    let mut byte = 0;
    while index < table.len() {
        let mut value = byte;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 {
                (value >> 1) ^ polynomial
            } else {
                value >> 1
            };
            bit += 1;
        }
        table[index] = value;
        index += 1;
        byte += 1;
    }
    table
}

/// Castagnoli's polynomial, reflected.
static CRC32C: [u32; 256] = table32(0x82F6_3B78);
/// The polynomial of the NVM Express base specification, reflected.
static CRC64NVME: [u64; 256] = table64(0x9A6C_9329_AC4B_C9B5);

fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc: u32, byte| {
        (crc >> 8) ^ CRC32C[usize::from(crc.to_le_bytes()[0] ^ byte)]
    })
}

fn crc64nvme(bytes: &[u8]) -> u64 {
    !bytes.iter().fold(!0, |crc: u64, byte| {
        (crc >> 8) ^ CRC64NVME[usize::from(crc.to_le_bytes()[0] ^ byte)]
    })
}

impl Algorithm {
    pub(super) const ALL: [Self; 4] = [Self::Crc32, Self::Crc32c, Self::Crc64nvme, Self::Sha256];

    /// The header, or the trailer, that carries it.
    pub(super) fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64nvme => "x-amz-checksum-crc64nvme",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    /// The element that carries it.
    pub(super) fn element(self) -> &'static str {
        match self {
            Self::Crc32 => "ChecksumCRC32",
            Self::Crc32c => "ChecksumCRC32C",
            Self::Crc64nvme => "ChecksumCRC64NVME",
            Self::Sha256 => "ChecksumSHA256",
        }
    }

    /// The algorithm that a header names, such as `CRC32`.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "CRC32" => Self::Crc32,
            "CRC32C" => Self::Crc32c,
            "CRC64NVME" => Self::Crc64nvme,
            "SHA256" => Self::Sha256,
            _ => return None,
        })
    }

    fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Crc32 => crc32fast::hash(bytes).to_be_bytes().to_vec(),
            Self::Crc32c => crc32c(bytes).to_be_bytes().to_vec(),
            Self::Crc64nvme => crc64nvme(bytes).to_be_bytes().to_vec(),
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
        }
    }
}

impl Checksum {
    pub(super) fn of(algorithm: Algorithm, bytes: &[u8]) -> Self {
        Self {
            algorithm,
            value: BASE64_STANDARD.encode(algorithm.digest(bytes)),
        }
    }

    /// The checksum of the parts' checksums.
    pub(super) fn composite<'a>(
        algorithm: Algorithm,
        parts: impl IntoIterator<Item = &'a Self>,
    ) -> Self {
        let mut digests = Vec::new();
        let mut count = 0;
        for part in parts {
            digests.extend(BASE64_STANDARD.decode(&part.value).unwrap_or_default());
            count += 1;
        }
        let whole = Self::of(algorithm, &digests);
        Self {
            algorithm,
            value: format!("{}-{count}", whole.value),
        }
    }
}

/// Verifies what `headers` (and trailers, which the caller has put among them) say about `bytes`, and gives the
/// checksum to keep: the declared one, or as S3 does by itself, CRC-64/NVME.
pub(super) fn verify(headers: &HeaderMap, bytes: &[u8]) -> Result<Checksum, S3Error> {
    if let Some(declared) = headers.get("content-md5")
        && declared.as_bytes() != BASE64_STANDARD.encode(Md5::digest(bytes)).as_bytes()
    {
        return Err(S3Error::BadDigest("Content-MD5"));
    }
    if headers.contains_key("x-amz-checksum-sha1") {
        return Err(S3Error::NotImplemented("SHA-1 checksums"));
    }
    let mut found = None;
    for algorithm in Algorithm::ALL {
        let Some(declared) = headers.get(algorithm.header()) else {
            continue;
        };
        if found.is_some() {
            let message = "Expecting a single x-amz-checksum- header.".to_owned();
            return Err(S3Error::InvalidRequest(message));
        }
        let checksum = Checksum::of(algorithm, bytes);
        if declared.as_bytes() != checksum.value.as_bytes() {
            return Err(S3Error::BadDigest(algorithm.header()));
        }
        found = Some(checksum);
    }
    Ok(found.unwrap_or_else(|| Checksum::of(Algorithm::Crc64nvme, bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_values_are_those_of_the_catalogue_of_crcs() {
        assert_eq!(crc32fast::hash(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32c(b"123456789"), 0xE306_9283);
        assert_eq!(crc64nvme(b"123456789"), 0xAE8B_1486_0A79_9888);
    }

    #[test]
    fn a_wrong_checksum_is_refused_and_a_missing_one_is_made() {
        let check = |headers: &[(&'static str, &str)]| {
            let headers: HeaderMap = headers
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect();
            verify(&headers, b"123456789").map_or_else(
                |error| error.to_string(),
                |checksum| format!("{}: {}", checksum.algorithm.header(), checksum.value),
            )
        };
        insta::assert_snapshot!(check(&[]), @"x-amz-checksum-crc64nvme: rosUhgp5mIg=");
        insta::assert_snapshot!(check(&[("x-amz-checksum-crc32", "y/Q5Jg==")]), @"x-amz-checksum-crc32: y/Q5Jg==");
        insta::assert_snapshot!(check(&[("x-amz-checksum-crc32", "AAAAAA==")]), @"The x-amz-checksum-crc32 you specified did not match the calculated checksum.");
        insta::assert_snapshot!(check(&[("content-md5", "AAAA")]), @"The Content-MD5 you specified did not match the calculated checksum.");
        insta::assert_snapshot!(check(&[("content-md5", "JfnnlDI7RTiF9RgfG2JNCw==")]), @"x-amz-checksum-crc64nvme: rosUhgp5mIg=");
        insta::assert_snapshot!(check(&[("x-amz-checksum-crc32", "y/Q5Jg=="), ("x-amz-checksum-crc32c", "4waSgw==")]), @"Expecting a single x-amz-checksum- header.");
    }
}
