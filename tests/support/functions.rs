//! Functions for tests, and registrations of them.

use std::time::Duration;

use local_cloud::{FunctionSpec, LocalCloud, function_arn};
use serde_json::{Value, json};

/// How long a function for tests may take.
const TIMEOUT: Duration = Duration::from_secs(2);

/// A function that runs `program` with `words`.
///
/// The program is a test's to name, as `env!("CARGO_BIN_EXE_puppet")`: only tests get to know where it is.
pub fn function(name: &str, program: &str, words: &[&str]) -> FunctionSpec {
    let command = std::iter::once(&program).chain(words);
    let command = command.map(|word| (*word).to_owned()).collect();
    let mut function = FunctionSpec::new(name, command);
    function.timeout = TIMEOUT;
    function
}

/// The registration of a tool `name` that takes anything and is run by `function`.
pub fn tool(name: &str, function: &str) -> Value {
    json!({
        "type": "tool", "name": name, "description": "A puppet", "lambdaArn": function_arn(function),
    })
}

/// How often the running environments of `function` were invoked.
pub fn invocations(cloud: &LocalCloud, function: &str) -> u64 {
    let environments = cloud.host().environments(function);
    environments.iter().map(|one| one.invocations).sum()
}

/// The process ids of the running environments of `function`.
pub fn processes(cloud: &LocalCloud, function: &str) -> Vec<u32> {
    let environments = cloud.host().environments(function);
    environments.iter().map(|one| one.pid).collect()
}

/// Kills the running environments of `function`, and waits until they are gone.
pub async fn kill_all(cloud: &LocalCloud, function: &str) {
    let killed = processes(cloud, function);
    for pid in &killed {
        cloud.host().kill_environment(function, *pid);
    }
    while processes(cloud, function)
        .iter()
        .any(|pid| killed.contains(pid))
    {
        tokio::task::yield_now().await;
    }
}
