//! The live state: what SAR and the artifact bucket have now, and how it is read.

use std::collections::BTreeSet;

use futures_util::future::{join_all, try_join3};

use crate::desired::Desired;
use crate::ports::{
    ArtifactStore, LiveApplication, LiveBucket, LiveVersion, RemoteError, Repository,
};
use crate::sharing::SharingPolicy;

/// What is there now, as far as a plan depends on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Live {
    /// The application, if there is one.
    pub application: Option<LiveApplication>,
    /// The desired version, if it is published.
    pub version: Option<LiveVersion>,
    /// Who may deploy.
    pub sharing: SharingPolicy,
    /// The artifact bucket and which of the desired objects it has; not read when the version is published, because
    /// nothing has to be uploaded then.
    pub artifacts: Option<LiveArtifacts>,
}

/// What the artifact bucket has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveArtifacts {
    /// The bucket.
    pub bucket: LiveBucket,
    /// The keys of the desired objects that are there.
    pub objects: BTreeSet<String>,
}

/// Reads everything that planning for `desired` needs. Writes nothing.
pub async fn read(
    repository: &impl Repository,
    store: &impl ArtifactStore,
    desired: &Desired,
) -> Result<Live, RemoteError> {
    let arn = &desired.application;
    let (application, version, sharing) = try_join3(
        repository.application(arn),
        repository.version(arn, &desired.manifest.version),
        repository.policy(arn),
    )
    .await?;
    let artifacts = if version.is_some() {
        None
    } else {
        Some(read_artifacts(store, desired).await?)
    };
    Ok(Live {
        application,
        version,
        sharing,
        artifacts,
    })
}

async fn read_artifacts(
    store: &impl ArtifactStore,
    desired: &Desired,
) -> Result<LiveArtifacts, RemoteError> {
    let bucket = store.bucket(&desired.bucket).await?;
    let mut objects = BTreeSet::new();
    if bucket != LiveBucket::Missing {
        let found = join_all(desired.objects.iter().map(|object| async {
            let has = store.has(&desired.bucket, &object.key).await?;
            Ok::<_, RemoteError>(has.then(|| object.key.clone()))
        }));
        for key in found.await {
            objects.extend(key?);
        }
    }
    Ok(LiveArtifacts { bucket, objects })
}
