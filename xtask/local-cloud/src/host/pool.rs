//! The execution environments of one function.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::HostSettings;
use super::environment::{Assigned, Environment, EnvironmentInfo, Job};
use super::faults::Fault;
use super::invocation::{FunctionFailure, InvokeError};
use crate::function::FunctionSpec;

/// A function's environments: one request at a time each, more when busy, the most recently used one first.
pub(crate) struct Pool {
    spec: FunctionSpec,
    settings: Arc<HostSettings>,
    members: Mutex<Members>,
    faults: Mutex<VecDeque<Fault>>,
}

#[derive(Default)]
struct Members {
    /// Those that may be given a job, the most recently used one last.
    available: Vec<Arc<Environment>>,
    /// All that have not ended.
    all: Vec<Arc<Environment>>,
    /// Places taken by processes that are just being started.
    reserved: usize,
    closed: bool,
}

impl Pool {
    pub(crate) fn new(spec: FunctionSpec, settings: Arc<HostSettings>) -> Arc<Self> {
        Arc::new(Self {
            spec,
            settings,
            members: Mutex::default(),
            faults: Mutex::default(),
        })
    }

    pub(crate) fn spec(&self) -> &FunctionSpec {
        &self.spec
    }

    pub(crate) fn settings(&self) -> &HostSettings {
        &self.settings
    }

    /// Gives `job` to an environment, a new one if none is free.
    pub(crate) fn assign(
        self: &Arc<Self>,
        mut job: Job,
    ) -> Result<(Arc<Environment>, Assigned), InvokeError> {
        while let Some(environment) = self.pop()? {
            match environment.assign(job) {
                Ok(assigned) => return Ok((environment, assigned)),
                Err(returned) => job = returned,
            }
        }
        let environment = self.start(Some(job), None)?;
        Ok((environment, Assigned::Waiting))
    }

    /// Starts an environment ahead of its first job and waits until it asks for one.
    pub(crate) async fn warm(self: &Arc<Self>) -> Result<Result<(), FunctionFailure>, InvokeError> {
        let (on_ready, ready) = oneshot::channel();
        self.start(None, Some(on_ready))?;
        ready.await.map_err(|_| InvokeError::ShuttingDown)
    }

    fn start(
        self: &Arc<Self>,
        job: Option<Job>,
        on_ready: Option<oneshot::Sender<Result<(), FunctionFailure>>>,
    ) -> Result<Arc<Environment>, InvokeError> {
        {
            let mut members = self.members();
            if members.closed {
                return Err(InvokeError::ShuttingDown);
            }
            if members.all.len() + members.reserved >= self.spec.max_concurrency {
                return Err(InvokeError::Throttled);
            }
            members.reserved += 1;
        }
        let started = Environment::start(self, job, on_ready);
        let mut members = self.members();
        members.reserved -= 1;
        let environment = started?;
        if environment.is_alive() {
            members.all.push(Arc::clone(&environment));
        }
        if members.closed {
            environment.kill();
        }
        Ok(environment)
    }

    fn pop(&self) -> Result<Option<Arc<Environment>>, InvokeError> {
        let mut members = self.members();
        if members.closed {
            return Err(InvokeError::ShuttingDown);
        }
        Ok(members.available.pop())
    }

    /// `environment` may be given a job again.
    pub(crate) fn release(&self, environment: &Arc<Environment>) {
        self.members().available.push(Arc::clone(environment));
    }

    /// `environment` has ended.
    pub(crate) fn forget(&self, environment: &Arc<Environment>) {
        let mut members = self.members();
        members.all.retain(|other| !Arc::ptr_eq(other, environment));
        members
            .available
            .retain(|other| !Arc::ptr_eq(other, environment));
    }

    pub(crate) fn environments(&self) -> Vec<EnvironmentInfo> {
        self.members()
            .all
            .iter()
            .map(|environment| environment.info())
            .collect()
    }

    /// Kills the environment whose process is `pid`; false if there is none.
    pub(crate) fn kill(&self, pid: u32) -> bool {
        let members = self.members();
        let found = members
            .all
            .iter()
            .find(|environment| environment.info().pid == pid);
        found.inspect(|environment| environment.kill()).is_some()
    }

    /// Kills all environments and starts no more.
    pub(crate) fn close(&self) {
        let mut members = self.members();
        members.closed = true;
        for environment in &members.all {
            environment.kill();
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        let members = self.members();
        members.all.is_empty() && members.reserved == 0
    }

    pub(crate) fn inject(&self, times: usize, fault: Fault) {
        self.faults().extend(std::iter::repeat_n(fault, times));
    }

    pub(crate) fn next_fault(&self) -> Option<Fault> {
        self.faults().pop_front()
    }

    fn members(&self) -> MutexGuard<'_, Members> {
        // Nothing panics while it is held, and each change leaves the lists whole.
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn faults(&self) -> MutexGuard<'_, VecDeque<Fault>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
