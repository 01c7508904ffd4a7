//! The Lambda host: functions, their execution environments and the Runtime API between the two.

mod clock;
mod environment;
mod faults;
mod invocation;
mod pool;
mod process;
mod runtime_api;
mod settings;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use thiserror::Error;
use tokio::sync::oneshot;

use self::environment::{Assigned, Delivery, Environment, Job};
pub use self::environment::{EnvironmentInfo, EnvironmentState};
pub use self::faults::Fault;
pub use self::invocation::{
    Answer, FunctionFailure, Invocation, InvokeError, Invoked, StreamedAnswer,
};
use self::pool::Pool;
pub(crate) use self::runtime_api::trace_id;
pub use self::settings::{HostSettings, LogCallback, LogSink};
use crate::function::{FunctionSpec, FunctionSpecError, function_arn};
use crate::one_line::one_line;

/// The largest request of a synchronous invocation and the largest buffered answer, in bytes.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
pub const MAX_PAYLOAD: usize = 6 * 1024 * 1024;

/// How long a process that has answered may take to ask for the next event before the event goes to another one.
/// Most ask within microseconds. Lambda would start another environment at once, which here would make cold starts
/// out of a client's quick second request.
const ASKING_GRACE: Duration = Duration::from_millis(500);
/// What the log's last lines get to arrive through the pipes, when an invoker asks for them.
const LOG_GRACE: Duration = Duration::from_millis(10);
/// The pause before an event that was throttled is tried again, and how often it is: for ten minutes. Lambda's is a
/// second at first, and it goes on for six hours.
const THROTTLED_PAUSE: Duration = Duration::from_millis(100);
const THROTTLED_AT_MOST: usize = 6000;
/// How often the end of all processes is looked for at shutdown.
const SHUTDOWN_POLL: Duration = Duration::from_millis(2);

/// Functions that can be invoked: the heart of the local cloud, and usable without the rest of it.
///
/// Clones share the same functions. The processes end with [`shutdown`](Self::shutdown); without it they are killed
/// when the runtime drops its tasks, and a Lambda runtime ends by itself once its host is gone.
#[derive(Clone)]
pub struct LambdaHost {
    settings: Arc<HostSettings>,
    pools: Arc<RwLock<HashMap<String, Arc<Pool>>>>,
}

/// Why a function can't be added.
#[derive(Debug, Error)]
pub enum AddError {
    /// The description is not usable.
    #[error(transparent)]
    Spec(#[from] FunctionSpecError),
    /// There is a function of that name.
    #[error("there are two functions named {function}")]
    Duplicate {
        /// The name.
        function: String,
    },
}

/// Why an environment did not come up.
#[derive(Debug, Error)]
pub enum WarmError {
    /// No process could be started.
    #[error(transparent)]
    Invoke(#[from] InvokeError),
    /// The process failed before it asked for an event.
    #[error("function {function} failed to start")]
    Init {
        /// The function's name.
        function: String,
        /// What it reported, or how it ended.
        #[source]
        failure: InitFailure,
    },
}

/// How a function failed to initialise, as one line.
#[derive(Debug, Clone, Error)]
#[error("{0}")]
pub struct InitFailure(String);

impl LambdaHost {
    /// A host without functions.
    pub fn new(settings: HostSettings) -> Self {
        Self {
            settings: Arc::new(settings),
            pools: Arc::default(),
        }
    }

    /// Adds a function. Nothing is started yet.
    pub fn add(&self, spec: FunctionSpec) -> Result<(), AddError> {
        spec.validate()?;
        let mut pools = self.pools.write().unwrap_or_else(PoisonError::into_inner);
        if pools.contains_key(&spec.name) {
            return Err(AddError::Duplicate {
                function: spec.name,
            });
        }
        let name = spec.name.clone();
        pools.insert(name, Pool::new(spec, Arc::clone(&self.settings)));
        Ok(())
    }

    /// The functions' descriptions, by name.
    pub fn functions(&self) -> Vec<FunctionSpec> {
        let pools = self.pools.read().unwrap_or_else(PoisonError::into_inner);
        let mut specs: Vec<_> = pools.values().map(|pool| pool.spec().clone()).collect();
        specs.sort_by(|a, b| a.name.cmp(&b.name));
        specs
    }

    /// Whether there is a function called `name`.
    pub fn contains(&self, name: &str) -> bool {
        self.pool(name).is_ok()
    }

    /// Invokes `name` and waits for its answer, or for the beginning of a streamed one.
    ///
    /// Dropping the future does not interrupt the function, as on Lambda.
    pub async fn invoke(&self, name: &str, invocation: Invocation) -> Result<Invoked, InvokeError> {
        let pool = self.pool(name)?;
        let request_id = uuid::Uuid::new_v4().to_string();
        loop {
            let (reply, mut delivery) = oneshot::channel();
            let job = Job {
                request_id: request_id.clone(),
                payload: invocation.payload.clone(),
                client_context: invocation.client_context.clone(),
                reply,
            };
            let (environment, assigned) = pool.assign(job)?;
            let delivered = if assigned == Assigned::Finishing {
                match tokio::time::timeout(ASKING_GRACE, &mut delivery).await {
                    Ok(delivered) => delivered,
                    Err(_) if environment.take_back(&request_id) => continue,
                    Err(_) => delivery.await,
                }
            } else {
                delivery.await
            };
            match delivered {
                Ok(Delivery::Answer(answer)) => {
                    if let Answer::Failed(failure) = &answer {
                        self.log(name, &format!("invocation {request_id}: {failure}"));
                    }
                    let log_tail = if invocation.log_tail {
                        Some(log_tail(&environment).await)
                    } else {
                        None
                    };
                    return Ok(Invoked {
                        request_id,
                        answer,
                        log_tail,
                    });
                }
                Ok(Delivery::Undelivered) => {}
                Err(_) => return Err(InvokeError::ShuttingDown),
            }
        }
    }

    /// Invokes `name` in the background, and again after a failure, as Lambda does with events: as often as the function
    /// says where it failed itself, and for as long as it takes where it was throttled.
    pub fn invoke_event(&self, name: &str, invocation: Invocation) -> Result<(), InvokeError> {
        let retries = self.pool(name)?.spec().event_retries;
        let (host, name) = (self.clone(), name.to_owned());
        tokio::spawn(async move {
            let delays = host.settings.retry_delays.clone();
            let mut delays = delays.into_iter().take(retries);
            let mut throttled = 0;
            loop {
                let delay = match host.invoke(&name, invocation.clone()).await {
                    Ok(Invoked {
                        answer: Answer::Buffered(_) | Answer::Streaming(_),
                        ..
                    })
                    | Err(InvokeError::ShuttingDown) => return,
                    Err(InvokeError::Throttled) if throttled < THROTTLED_AT_MOST => {
                        throttled += 1;
                        Some(THROTTLED_PAUSE)
                    }
                    // The failure has been logged.
                    Ok(Invoked {
                        answer: Answer::Failed(_),
                        ..
                    }) => delays.next(),
                    Err(error) => {
                        let line = format!("event: {}", one_line(&error));
                        host.settings.logs.write(&name, &line);
                        delays.next()
                    }
                };
                match delay {
                    Some(delay) => tokio::time::sleep(delay).await,
                    None => return,
                }
            }
        });
        Ok(())
    }

    /// Starts an environment of `name` ahead of its first request and waits until its init phase is over.
    pub async fn warm(&self, name: &str) -> Result<(), WarmError> {
        self.pool(name)?
            .warm()
            .await?
            .map_err(|failure| WarmError::Init {
                function: name.to_owned(),
                failure: InitFailure(summary(&failure)),
            })
    }

    /// The environments of `name` that have not ended; none for an unknown function.
    pub fn environments(&self, name: &str) -> Vec<EnvironmentInfo> {
        self.pool(name)
            .map(|pool| pool.environments())
            .unwrap_or_default()
    }

    /// Kills the environment of `name` whose process is `pid`, as if it had crashed. False if there is none.
    pub fn kill_environment(&self, name: &str, pid: u32) -> bool {
        self.pool(name).is_ok_and(|pool| pool.kill(pid))
    }

    /// Lets the next `times` calls of the Invoke API for `name` meet `fault`. Faults queue up behind each other.
    pub fn inject(&self, name: &str, times: usize, fault: Fault) -> Result<(), InvokeError> {
        self.pool(name)?.inject(times, fault);
        Ok(())
    }

    /// Writes a line about `function` where the functions' own output goes.
    pub(crate) fn log(&self, function: &str, line: &str) {
        self.settings.logs.write(function, line);
    }

    pub(crate) fn next_fault(&self, name: &str) -> Option<Fault> {
        self.pool(name).ok()?.next_fault()
    }

    /// Kills every process and waits until all of them are gone.
    pub async fn shutdown(&self) {
        let pools: Vec<_> = {
            let pools = self.pools.read().unwrap_or_else(PoisonError::into_inner);
            pools.values().cloned().collect()
        };
        for pool in &pools {
            pool.close();
        }
        while !pools.iter().all(|pool| pool.is_empty()) {
            tokio::time::sleep(SHUTDOWN_POLL).await;
        }
    }

    fn pool(&self, name: &str) -> Result<Arc<Pool>, InvokeError> {
        let pools = self.pools.read().unwrap_or_else(PoisonError::into_inner);
        pools
            .get(name)
            .cloned()
            .ok_or_else(|| InvokeError::NotFound {
                arn: function_arn(name),
            })
    }
}

impl std::fmt::Debug for LambdaHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.functions().into_iter().map(|spec| spec.name).collect();
        f.debug_struct("LambdaHost")
            .field("functions", &names)
            .finish_non_exhaustive()
    }
}

async fn log_tail(environment: &Environment) -> Bytes {
    tokio::time::sleep(LOG_GRACE).await;
    environment.log_tail()
}

/// The message of an error document, or all of it if it has none.
fn summary(failure: &FunctionFailure) -> String {
    let document: Option<serde_json::Value> = serde_json::from_slice(&failure.payload).ok();
    let message = document
        .as_ref()
        .and_then(|document| document.get("errorMessage")?.as_str());
    message.map_or_else(
        || String::from_utf8_lossy(&failure.payload).into_owned(),
        str::to_owned,
    )
}
