//! SAR and S3 in memory, as strict as the real ones where a release depends on it, with failures on demand.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use release::application::ApplicationArn;
use release::desired::Desired;
use release::ports::{
    ArtifactStore, Failure, LiveApplication, LiveBucket, LiveVersion, RemoteError, Repository,
    repository_statement,
};
use release::sharing::SharingPolicy;
use release::template::Template;
use release::version::SemanticVersion;
use serde_json::Value;

/// What is there.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct State {
    application: Option<Application>,
    pub(crate) buckets: BTreeMap<String, Bucket>,
}

#[derive(Debug, Clone, PartialEq)]
struct Application {
    shown: LiveApplication,
    versions: BTreeMap<SemanticVersion, Template>,
    policy: SharingPolicy,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Bucket {
    pub(crate) policy: Option<Value>,
    pub(crate) objects: BTreeMap<String, Vec<u8>>,
}

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It never arrives.
    Lost,
    /// It is done, and its answer never arrives.
    Unanswered,
    /// It is done, its answer is lost, and the SDK's next attempt meets what the first one made.
    Repeated,
}

/// The world, and what was asked of it.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) state: Mutex<State>,
    requests: Mutex<Vec<&'static str>>,
    fault: Option<(usize, Fault)>,
    /// How many reads of the application after its creation don't show it yet.
    lag: Mutex<usize>,
}

const READS: [&str; 6] = [
    "GetApplication",
    "GetApplicationVersion",
    "GetApplicationPolicy",
    "GetBucketPolicy",
    "HeadObject",
    "GetObject",
];

impl World {
    /// A world with `state` where the request number `index`, counted from 0, goes wrong.
    pub(crate) fn with_fault(state: State, index: usize, fault: Fault) -> Self {
        Self {
            state: Mutex::new(state),
            fault: Some((index, fault)),
            ..Self::default()
        }
    }

    pub(crate) fn with(state: State) -> Self {
        Self {
            state: Mutex::new(state),
            ..Self::default()
        }
    }

    /// An empty world that shows a new application only after `reads` reads.
    pub(crate) fn lagging(reads: usize) -> Self {
        Self {
            lag: Mutex::new(reads),
            ..Self::default()
        }
    }

    /// Lets somebody else change who may deploy.
    pub(crate) fn set_policy(&self, policy: SharingPolicy) {
        let mut state = self.state.lock().unwrap();
        state.application.as_mut().unwrap().policy = policy;
    }

    pub(crate) fn state(&self) -> State {
        self.state.lock().unwrap().clone()
    }

    pub(crate) fn requests(&self) -> Vec<&'static str> {
        self.requests.lock().unwrap().clone()
    }

    /// The requests that change something, in their order.
    pub(crate) fn writes(&self) -> Vec<&'static str> {
        let mut writes = self.requests();
        writes.retain(|request| !READS.contains(request));
        writes
    }

    /// Does a request, or what goes wrong with it.
    fn request<T>(
        &self,
        operation: &'static str,
        action: impl Fn(&mut State) -> Result<T, Failure>,
    ) -> Result<T, RemoteError> {
        let index = {
            let mut requests = self.requests.lock().unwrap();
            requests.push(operation);
            requests.len() - 1
        };
        let fault = self.fault.filter(|(at, _)| *at == index);
        let mut state = self.state.lock().unwrap();
        let result = match fault.map(|(_, fault)| fault) {
            None => action(&mut state),
            Some(Fault::Lost) => Err(Failure::Unreachable),
            Some(Fault::Unanswered) => action(&mut state).and(Err(Failure::Unreachable)),
            Some(Fault::Repeated) => action(&mut state).and_then(|_| action(&mut state)),
        };
        result.map_err(|failure| RemoteError {
            operation,
            failure,
            message: format!("{failure:?}"),
        })
    }
}

impl State {
    /// Errors unless SAR could read every artifact that the version refers to.
    fn check_artifacts(&self, desired: &Desired) -> Result<(), Failure> {
        let bucket = self.buckets.get(&desired.bucket).ok_or(Failure::Refused)?;
        let publisher = &desired.publisher;
        let statement =
            repository_statement(&publisher.partition, &desired.bucket, &publisher.account);
        let policy = bucket.policy.as_ref().ok_or(Failure::Refused)?;
        let is_allowed = policy["Statement"].as_array().unwrap().contains(&statement);
        let is_there = |key: &String| bucket.objects.contains_key(key);
        let is_complete = desired.objects.iter().all(|object| is_there(&object.key));
        if is_allowed && is_complete {
            Ok(())
        } else {
            Err(Failure::Refused)
        }
    }

    /// Whether the application is public without all of `desired`: the version with its code, and what is shown.
    pub(crate) fn is_half_published_and_public(&self, desired: &Desired) -> bool {
        self.application.as_ref().is_some_and(|it| {
            let version = it.versions.get(&desired.manifest.version);
            let is_complete = version == Some(&desired.template)
                && self.check_artifacts(desired).is_ok()
                && it.shown == shown(desired);
            it.policy.is_public() && !is_complete
        })
    }

    fn application(&mut self) -> Result<&mut Application, Failure> {
        self.application.as_mut().ok_or(Failure::Refused)
    }

    fn bucket(&mut self, name: &str) -> Result<&mut Bucket, Failure> {
        self.buckets.get_mut(name).ok_or(Failure::Refused)
    }
}

fn shown(desired: &Desired) -> LiveApplication {
    let metadata = desired.manifest.metadata.clone();
    LiveApplication {
        author: metadata.author,
        description: metadata.description,
        labels: metadata.labels,
        home_page_url: metadata.home_page_url,
        spdx_license_id: metadata.spdx_license_id,
        readme: Some(desired.readme.clone()),
        license: Some(desired.license.clone()),
        latest: Some(desired.manifest.version.clone()),
    }
}

impl Repository for World {
    async fn application(
        &self,
        _arn: &ApplicationArn,
    ) -> Result<Option<LiveApplication>, RemoteError> {
        let shown = self.request("GetApplication", |state| {
            Ok(state.application.as_ref().map(|it| it.shown.clone()))
        })?;
        let mut lag = self.lag.lock().unwrap();
        if shown.is_some() && *lag > 0 {
            *lag -= 1;
            return Ok(None);
        }
        Ok(shown)
    }

    async fn version(
        &self,
        _arn: &ApplicationArn,
        version: &SemanticVersion,
    ) -> Result<Option<LiveVersion>, RemoteError> {
        self.request("GetApplicationVersion", |state| {
            let versions = state.application.as_ref().map(|it| &it.versions);
            let template = versions.and_then(|versions| versions.get(version));
            Ok(template.map(|template| LiveVersion {
                template: template.clone(),
                required_capabilities: Vec::new(),
                source_code_url: None,
            }))
        })
    }

    async fn policy(&self, _arn: &ApplicationArn) -> Result<SharingPolicy, RemoteError> {
        self.request("GetApplicationPolicy", |state| {
            let policy = state.application.as_ref().map(|it| it.policy.clone());
            Ok(policy.unwrap_or_default())
        })
    }

    async fn deployable_template(
        &self,
        _arn: &ApplicationArn,
        version: &SemanticVersion,
    ) -> Result<Template, RemoteError> {
        self.request("CreateCloudFormationTemplate", |state| {
            let versions = &state.application()?.versions;
            versions.get(version).cloned().ok_or(Failure::Refused)
        })
    }

    async fn create_application(&self, desired: &Desired) -> Result<(), RemoteError> {
        self.request("CreateApplication", |state| {
            if state.application.is_some() {
                return Err(Failure::Conflict);
            }
            state.check_artifacts(desired)?;
            let version = desired.manifest.version.clone();
            state.application = Some(Application {
                shown: shown(desired),
                versions: BTreeMap::from([(version, desired.template.clone())]),
                policy: SharingPolicy::default(),
            });
            Ok(())
        })
    }

    async fn create_version(&self, desired: &Desired) -> Result<(), RemoteError> {
        self.request("CreateApplicationVersion", |state| {
            state.check_artifacts(desired)?;
            let application = state.application()?;
            let version = &desired.manifest.version;
            if application.versions.contains_key(version) {
                return Err(Failure::Conflict);
            }
            application.shown.latest = Some(version.clone());
            let template = desired.template.clone();
            application.versions.insert(version.clone(), template);
            Ok(())
        })
    }

    async fn update_application(&self, desired: &Desired) -> Result<(), RemoteError> {
        self.request("UpdateApplication", |state| {
            let application = state.application()?;
            let latest = application.shown.latest.clone();
            application.shown = LiveApplication {
                latest,
                license: application.shown.license.clone(),
                ..shown(desired)
            };
            Ok(())
        })
    }

    async fn put_policy(
        &self,
        _arn: &ApplicationArn,
        policy: &SharingPolicy,
    ) -> Result<(), RemoteError> {
        self.request("PutApplicationPolicy", |state| {
            state.application()?.policy = policy.clone();
            Ok(())
        })
    }
}

impl ArtifactStore for World {
    async fn bucket(&self, name: &str) -> Result<LiveBucket, RemoteError> {
        self.request("GetBucketPolicy", |state| {
            Ok(match state.buckets.get(name) {
                None => LiveBucket::Missing,
                Some(bucket) => LiveBucket::Present {
                    policy: bucket.policy.clone(),
                },
            })
        })
    }

    async fn create_bucket(&self, name: &str) -> Result<(), RemoteError> {
        self.request("CreateBucket", |state| {
            state.buckets.entry(name.to_owned()).or_default();
            Ok(())
        })
    }

    async fn put_bucket_policy(&self, name: &str, policy: &Value) -> Result<(), RemoteError> {
        self.request("PutBucketPolicy", |state| {
            state.bucket(name)?.policy = Some(policy.clone());
            Ok(())
        })
    }

    async fn has(&self, bucket: &str, key: &str) -> Result<bool, RemoteError> {
        self.request("HeadObject", |state| {
            Ok(state.bucket(bucket)?.objects.contains_key(key))
        })
    }

    async fn put(&self, bucket: &str, key: &str, content: Vec<u8>) -> Result<(), RemoteError> {
        self.request("PutObject", |state| {
            let objects = &mut state.bucket(bucket)?.objects;
            objects.entry(key.to_owned()).or_insert(content.clone());
            Ok(())
        })
    }

    async fn get(&self, bucket: &str, key: &str) -> Result<Vec<u8>, RemoteError> {
        self.request("GetObject", |state| {
            let object = state.bucket(bucket)?.objects.get(key).cloned();
            object.ok_or(Failure::Refused)
        })
    }
}

/// The different requests among `requests`.
pub(crate) fn kinds(requests: &[&'static str]) -> BTreeSet<&'static str> {
    requests.iter().copied().collect()
}
