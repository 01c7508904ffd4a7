//! The Lambda host against a real process: environments, deadlines, crashes.

#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod support;

use std::time::Duration;

use local_cloud::{
    Answer, EnvironmentState, FunctionSpec, HostSettings, Invocation, InvokeError, LambdaHost,
    LogSink,
};
use serde_json::json;
use support::*;

#[tokio::test]
async fn an_idle_environment_is_used_again() {
    let host = host();
    let first = buffered(invoke(&host, &json!({})).await)["pid"].clone();
    for _ in 0..20 {
        assert_eq!(buffered(invoke(&host, &json!({})).await)["pid"], first);
    }
    let environments = host.environments("test");
    assert_eq!(environments.len(), 1);
    assert_eq!(environments[0].invocations, 21);
    assert_eq!(json!(environments[0].pid), first);
    host.shutdown().await;
}

#[tokio::test]
async fn busy_environments_get_company_up_to_the_limit() {
    let (host, _) = host_with(|spec, _| spec.max_concurrency = 3);
    let gate = Gate::new().await;
    let mut calls = Vec::new();
    let mut waiting = Vec::new();
    for _ in 0..3 {
        let (host, event) = (host.clone(), json!({"gate": gate.port()}));
        calls.push(tokio::spawn(async move {
            buffered(invoke(&host, &event).await)["pid"]
                .as_u64()
                .unwrap()
        }));
        waiting.push(gate.arrival().await);
    }
    assert!(
        host.environments("test")
            .iter()
            .all(|environment| environment.state == EnvironmentState::Busy)
    );
    let beyond = host.invoke("test", Invocation::new("{}")).await;
    assert!(matches!(beyond, Err(InvokeError::Throttled)), "{beyond:?}");
    for waiting in waiting {
        waiting.open().await;
    }
    let mut pids = Vec::new();
    for call in calls {
        pids.push(call.await.unwrap());
    }
    pids.sort_unstable();
    pids.dedup();
    assert_eq!(pids.len(), 3);
    assert_eq!(host.environments("test").len(), 3);
    // Free again: nothing is throttled any more.
    buffered(invoke(&host, &json!({})).await);
    host.shutdown().await;
}

#[tokio::test]
async fn a_function_sees_what_lambda_shows_and_nothing_of_the_developer() {
    let (host, _) = host_with(|spec, settings| {
        spec.timeout = Duration::from_secs(12);
        spec.memory_mb = 256;
        spec.environment.insert("TABLE".into(), "t".into());
        spec.environment
            .insert("AWS_LAMBDA_FUNCTION_NAME".into(), "not this".into());
        settings
            .environment
            .insert("AWS_ACCESS_KEY_ID".into(), "AKIALOCAL".into());
    });
    let mut invocation = Invocation::new(r#"{"a":[1]}"#);
    invocation.client_context = Some(r#"{"custom":{"x":"y"}}"#.into());
    let invoked = host.invoke("test", invocation).await.unwrap();
    let id = invoked.request_id.clone();
    let echo = buffered(invoked);
    assert_eq!(echo["event"], json!({"a": [1]}));

    let headers = &echo["headers"];
    assert_eq!(headers["lambda-runtime-aws-request-id"], id);
    assert_eq!(
        headers["lambda-runtime-invoked-function-arn"],
        "arn:aws:lambda:us-east-1:000000000000:function:test"
    );
    assert_eq!(
        headers["lambda-runtime-client-context"],
        r#"{"custom":{"x":"y"}}"#
    );
    assert!(
        headers["lambda-runtime-trace-id"]
            .as_str()
            .unwrap()
            .starts_with("Root=1-")
    );
    let deadline: u128 = headers["lambda-runtime-deadline-ms"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_millis();
    assert!(
        deadline <= now + 12_000 && deadline > now,
        "the deadline is within the timeout"
    );

    let environment = echo["environment"].as_object().unwrap();
    let mut names: Vec<_> = environment.keys().map(String::as_str).collect();
    names.retain(|name| !["HOME", "LANG", "LC_ALL", "TMPDIR"].contains(name));
    insta::assert_snapshot!(names.join(" "));
    assert_eq!(environment["AWS_LAMBDA_FUNCTION_NAME"], "test");
    assert_eq!(environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], "256");
    assert_eq!(environment["AWS_ACCESS_KEY_ID"], "AKIALOCAL");
    assert_eq!(environment["TABLE"], "t");
    host.shutdown().await;
}

#[tokio::test]
async fn a_deadline_kills_and_the_next_request_gets_a_new_process() {
    let (host, _) = host_with(|spec, _| spec.timeout = Duration::from_millis(300));
    let gate = Gate::new().await;
    let outcome = invoke(&host, &json!({"gate": gate.port()})).await;
    insta::assert_snapshot!(failure(outcome), @r#"Sandbox.Timedout {"errorMessage":"DATE ID Task timed out after 0.30 seconds"}"#);
    assert_eq!(host.environments("test").len(), 0);
    buffered(invoke(&host, &json!({})).await);
    host.shutdown().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_deadline_kills_what_a_script_has_started() {
    let (host, _) = host_with(|spec, _| {
        spec.timeout = Duration::from_millis(300);
        spec.command = [
            "sh",
            "-c",
            "\"$0\"; true",
            env!("CARGO_BIN_EXE_test-function"),
        ]
        .map(str::to_owned)
        .to_vec();
    });
    let pid = buffered(invoke(&host, &json!({})).await)["pid"]
        .as_u64()
        .unwrap();
    let gate = Gate::new().await;
    failure(invoke(&host, &json!({"gate": gate.port()})).await);
    let gone = async {
        while is_running(u32::try_from(pid).unwrap()) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.unwrap();
    host.shutdown().await;
}

#[tokio::test]
async fn an_exit_is_reported_and_replaced() {
    let host = host();
    let before = buffered(invoke(&host, &json!({})).await)["pid"].clone();
    let outcome = invoke(&host, &json!({"action": "exit", "code": 3})).await;
    insta::assert_snapshot!(failure(outcome), @r#"Runtime.ExitError {"errorType":"Runtime.ExitError","errorMessage":"RequestId: ID Error: Runtime exited with error: exit status 3"}"#);
    let outcome = invoke(&host, &json!({"action": "exit", "code": 0})).await;
    insta::assert_snapshot!(failure(outcome), @r#"Runtime.ExitError {"errorType":"Runtime.ExitError","errorMessage":"RequestId: ID Error: Runtime exited without providing a reason"}"#);
    assert_ne!(buffered(invoke(&host, &json!({})).await)["pid"], before);
    host.shutdown().await;
}

#[tokio::test]
async fn a_process_that_ends_after_its_answer_loses_nobody_elses_request() {
    let host = host();
    for _ in 0..10 {
        assert_eq!(
            buffered(invoke(&host, &json!({"action": "hello then exit"})).await),
            "hello"
        );
    }
    host.shutdown().await;
}

#[tokio::test]
async fn an_environment_can_be_killed() {
    let host = host();
    let gate = Gate::new().await;
    let event = json!({"gate": gate.port()});
    let (outcome, _waiting) = tokio::join!(invoke(&host, &event), async {
        let waiting = gate.arrival().await;
        assert!(host.kill_environment("test", host.environments("test")[0].pid));
        waiting
    });
    insta::assert_snapshot!(failure(outcome), @r#"Runtime.ExitError {"errorType":"Runtime.ExitError","errorMessage":"RequestId: ID Error: Runtime exited with error: signal: killed"}"#);
    assert!(!host.kill_environment("test", 1));
    host.shutdown().await;
}

#[tokio::test]
async fn errors_and_sizes_are_lambdas() {
    let host = host();
    let outcome = invoke(&host, &json!({"action": "error"})).await;
    insta::assert_snapshot!(failure(outcome), @r#"Test.Error {"errorType":"Test.Error","errorMessage":"as asked"}"#);
    let outcome = invoke(&host, &json!({"action": "big", "bytes": 6_291_557})).await;
    insta::assert_snapshot!(failure(outcome), @r#"Function.ResponseSizeTooLarge {"errorType":"Function.ResponseSizeTooLarge","errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes)."}"#);
    match invoke(&host, &json!({"action": "big", "bytes": 6_291_556}))
        .await
        .answer
    {
        Answer::Buffered(payload) => assert_eq!(payload.len(), 6_291_556),
        other => panic!("{other:?}"),
    }
    // All by the same process.
    assert_eq!(host.environments("test")[0].invocations, 3);
    host.shutdown().await;
}

#[tokio::test]
async fn the_runtime_api_refuses_what_is_out_of_order() {
    let (host, lines) = host_with(|_, _| {});
    let answer = buffered(invoke(&host, &json!({"action": "protocol"})).await);
    assert_eq!(
        answer,
        json!({"earlyNext": 403, "wrongId": 400, "wrongPath": 404})
    );
    assert_eq!(
        lines.find("accepted").await,
        "[test] accepted 202, again 400"
    );
    host.shutdown().await;
}

#[tokio::test]
async fn init_failures_reach_who_waits() {
    let outcome = |mode: &'static str| async move {
        let (host, _) = host_with(|spec, settings| {
            spec.command = command(&[mode]);
            settings.init_timeout =
                Duration::from_millis(if mode == "hang" { 300 } else { 10_000 });
        });
        let warm = local_cloud::one_line(&host.warm("test").await.unwrap_err());
        let invoked = failure(invoke(&host, &json!({})).await);
        host.shutdown().await;
        // A warm-up has a request id that nobody knows.
        let warm = warm.split("Error: ").last().unwrap().to_owned();
        format!("{invoked}\n{warm}")
    };
    insta::assert_snapshot!(outcome("crash").await, @r#"
    Runtime.ExitError {"errorType":"Runtime.ExitError","errorMessage":"RequestId: ID Error: Runtime exited with error: exit status 7"}
    Runtime exited with error: exit status 7
    "#);
    insta::assert_snapshot!(outcome("report").await, @r#"
    Test.Init {"errorType":"Test.Init","errorMessage":"no configuration"}
    function test failed to start: no configuration
    "#);
    insta::assert_snapshot!(outcome("hang").await, @r#"
    Sandbox.Timedout {"errorType":"Sandbox.Timedout","errorMessage":"RequestId: ID Error: Init timed out after 0.30 seconds"}
    Init timed out after 0.30 seconds
    "#);
}

#[tokio::test]
async fn a_command_that_can_not_start_is_named() {
    let host = LambdaHost::new(HostSettings {
        logs: LogSink::Discard,
        ..HostSettings::default()
    });
    host.add(FunctionSpec::new(
        "test",
        vec!["/no/such/program".into(), "--flag".into()],
    ))
    .unwrap();
    for _ in 0..2 {
        let error = host
            .invoke("test", Invocation::new("{}"))
            .await
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "function test: can't start /no/such/program --flag"
        );
    }
    let error = host
        .invoke("other", Invocation::new("{}"))
        .await
        .unwrap_err();
    insta::assert_snapshot!(error, @"function not found: arn:aws:lambda:us-east-1:000000000000:function:other");
    let error = host
        .add(FunctionSpec::new("test", command(&[])))
        .unwrap_err();
    insta::assert_snapshot!(error, @"there are two functions named test");
}

#[tokio::test]
async fn an_idle_environment_is_ended_after_a_while() {
    let (host, _) = host_with(|_, settings| settings.idle_timeout = Duration::from_millis(200));
    buffered(invoke(&host, &json!({})).await);
    let gone = async {
        while !host.environments("test").is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.unwrap();
    buffered(invoke(&host, &json!({})).await);
    host.shutdown().await;
}

#[tokio::test]
async fn an_event_is_tried_three_times() {
    let (host, lines) = host_with(|_, settings| settings.retry_delays = vec![Duration::ZERO; 2]);
    let gate = Gate::new().await;
    let event = json!({"action": "error", "gate": gate.port()});
    host.invoke_event("test", Invocation::new(event.to_string()))
        .unwrap();
    for _ in 0..3 {
        gate.arrival().await.open().await;
    }
    lines.find_many("as asked", 3).await;
    host.shutdown().await;
    assert_eq!(lines.count("as asked"), 3);
}

#[tokio::test]
async fn a_function_can_forbid_to_try_its_events_again() {
    let (host, lines) = host_with(|spec, settings| {
        spec.event_retries = 0;
        settings.retry_delays = vec![Duration::ZERO; 2];
    });
    let gate = Gate::new().await;
    let event = json!({"action": "error", "gate": gate.port()});
    host.invoke_event("test", Invocation::new(event.to_string()))
        .unwrap();
    gate.arrival().await.open().await;
    lines.find("as asked").await;
    // A second try would be waiting at the gate before this one.
    let other = json!({"gate": gate.port(), "other": true});
    let (outcome, ()) = tokio::join!(invoke(&host, &other), async {
        gate.arrival().await.open().await;
    });
    buffered(outcome);
    host.shutdown().await;
    assert_eq!(lines.count("as asked"), 1);
}

#[tokio::test]
async fn a_throttled_event_waits_for_its_turn() {
    let (host, _) = host_with(|spec, settings| {
        spec.max_concurrency = 1;
        spec.event_retries = 0;
        settings.retry_delays = Vec::new();
    });
    let gate = Gate::new().await;
    let event = json!({"gate": gate.port()});
    for _ in 0..2 {
        host.invoke_event("test", Invocation::new(event.to_string()))
            .unwrap();
    }
    for _ in 0..2 {
        gate.arrival().await.open().await;
    }
    host.shutdown().await;
}

#[tokio::test]
async fn shutdown_ends_every_process() {
    let host = host();
    let gate = Gate::new().await;
    let event = json!({"gate": gate.port()});
    let (outcome, _waiting) = tokio::join!(invoke(&host, &event), async {
        let waiting = gate.arrival().await;
        host.shutdown().await;
        waiting
    });
    failure(outcome);
    assert!(host.environments("test").is_empty());
    let late = host.invoke("test", Invocation::new("{}")).await;
    assert!(matches!(late, Err(InvokeError::ShuttingDown)), "{late:?}");
}
