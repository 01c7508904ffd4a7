//! Comparing what SAR serves for a version with a bundle, down to the bytes of the zips.

use std::fmt;

use serde::Serialize;
use thiserror::Error;

use crate::bundle::{Bundle, BundleError};
use crate::desired::Desired;
use crate::ports::{ArtifactStore, RemoteError, Repository};

/// The comparison could not be made.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// SAR or S3 did not give what is compared.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The bundle can't be read.
    #[error(transparent)]
    Bundle(#[from] BundleError),
}

/// Something in which a published version differs from the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(
    tag = "kind",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum Difference {
    /// A part of the template.
    Template {
        /// Its path.
        path: String,
    },
    /// A function whose code SAR does not serve.
    Missing {
        /// The function.
        logical_id: String,
    },
    /// A function's zip.
    Code {
        /// The function.
        logical_id: String,
        /// Sizes: the bundle's, and the one that is served.
        bytes: (u64, u64),
        /// The first and the last byte that differ, counted from 0; after the shorter one's end everything does.
        range: (u64, u64),
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Template { path } => write!(f, "template: {path}"),
            Self::Missing { logical_id } => write!(f, "{logical_id}: no code is served"),
            Self::Code {
                logical_id,
                bytes: (ours, served),
                range: (first, last),
            } => write!(
                f,
                "{logical_id}: bytes {first} to {last} differ ({ours} bytes in the bundle, {served} served)"
            ),
        }
    }
}

/// Fetches template and zips as somebody who deploys the version gets them, and compares them with `bundle`.
pub async fn verify(
    desired: &Desired,
    bundle: &Bundle,
    repository: &impl Repository,
    store: &impl ArtifactStore,
) -> Result<Vec<Difference>, VerifyError> {
    let served = repository
        .deployable_template(&desired.application, &desired.manifest.version)
        .await?;
    let paths = served.differences(&desired.template);
    let mut differences: Vec<_> = paths
        .into_iter()
        .map(|path| Difference::Template { path })
        .collect();
    let objects = served.code_objects();
    for function in &desired.manifest.functions {
        let logical_id = function.logical_id.clone();
        let Some((bucket, key)) = objects.get(&logical_id) else {
            differences.push(Difference::Missing { logical_id });
            continue;
        };
        let ours = bundle.read(&function.artifact)?;
        let theirs = store.get(bucket, key).await?;
        if let Some(range) = differing_range(&ours, &theirs) {
            differences.push(Difference::Code {
                logical_id,
                bytes: (ours.len() as u64, theirs.len() as u64),
                range,
            });
        }
    }
    Ok(differences)
}

/// The first and the last index at which `a` and `b` differ.
fn differing_range(a: &[u8], b: &[u8]) -> Option<(u64, u64)> {
    let longest = a.len().max(b.len());
    let differs = |index: &usize| a.get(*index) != b.get(*index);
    let first = (0..longest).find(differs)?;
    let last = (first..longest).rfind(differs).unwrap_or(first);
    Some((first as u64, last as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_spans_every_difference() {
        assert_eq!(differing_range(b"abcdef", b"abcdef"), None);
        assert_eq!(differing_range(b"abcdef", b"aXcdYf"), Some((1, 4)));
        assert_eq!(differing_range(b"abc", b"abcdef"), Some((3, 5)));
        assert_eq!(differing_range(b"", b""), None);
    }
}
