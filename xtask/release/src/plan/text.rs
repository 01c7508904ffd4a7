//! A plan as text for people.

use std::fmt;

use super::{ReleasePlan, Step};
use crate::sharing::SharingDiff;

impl fmt::Display for ReleasePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.application)?;
        if let Some(version) = &self.version {
            write!(f, ", version {version}")?;
        }
        if self.is_empty() {
            return write!(f, "\n  nothing to do");
        }
        for (number, step) in self.steps.iter().enumerate() {
            write!(f, "\n{:>3}. {step}", number + 1)?;
        }
        for warning in self.warnings() {
            write!(f, "\n  !  {warning}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateBucket { bucket } => write!(f, "create the bucket {bucket}"),
            Self::PutBucketPolicy { bucket, .. } => write!(
                f,
                "let the Serverless Application Repository read the bucket {bucket}"
            ),
            Self::Upload {
                bucket,
                key,
                file,
                bytes,
            } => write!(f, "upload {file} ({}) to s3://{bucket}/{key}", size(*bytes)),
            Self::CreateApplication { version, .. } => {
                write!(f, "create the application with version {version}, private")
            }
            Self::CreateVersion {
                version,
                after: Some(after),
                ..
            } => write!(f, "add version {version} after {after}"),
            Self::CreateVersion { version, .. } => write!(f, "add version {version}"),
            Self::UpdateApplication { changes } => {
                f.write_str("change what is shown:")?;
                for change in changes {
                    write!(
                        f,
                        "\n       {}: {} -> {}",
                        change.field, change.from, change.to
                    )?;
                }
                Ok(())
            }
            Self::PutPolicy { difference } => sharing(f, difference),
        }
    }
}

fn sharing(f: &mut fmt::Formatter<'_>, difference: &SharingDiff) -> fmt::Result {
    f.write_str("change who may deploy:")?;
    let list = |actions: &std::collections::BTreeSet<String>| {
        actions.iter().cloned().collect::<Vec<_>>().join(", ")
    };
    for (principal, actions) in &difference.added {
        write!(f, "\n       + {principal}: {}", list(actions))?;
    }
    for (principal, actions) in &difference.changed {
        write!(f, "\n       ~ {principal}: {}", list(actions))?;
    }
    for principal in &difference.removed {
        write!(f, "\n       - {principal}")?;
    }
    Ok(())
}

/// A size for people: whole kilobytes, rounded up.
fn size(bytes: u64) -> String {
    format!("{} kB", bytes.div_ceil(1000))
}
