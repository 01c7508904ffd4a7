//! What the program does when SAR and S3 fail, slow it down, or vanish, and when it is killed.

use std::process::Stdio;

use crate::local::{Local, PUBLISH};
use crate::proxy::{Faults, Happening};

/// Whether a request changes something.
fn is_write(request: &str) -> bool {
    !request.starts_with("GET ") && !request.starts_with("HEAD ")
}

/// The requests of a publish to an empty account.
async fn requests_of_a_publish() -> Vec<String> {
    let local = Local::start().await;
    let faults = Faults::none();
    let _proxies = local.behind(&faults).await;
    let ended = local.run(&PUBLISH).await;
    assert_eq!(ended.code, Some(0), "{}", ended.text);
    local.shutdown().await;
    faults.requests()
}

/// Sees that publishing again finishes the release, and that there is nothing left to do after that.
async fn finish(local: &Local, case: &str) {
    let next = local.run_smoothly(&PUBLISH).await;
    assert_eq!(next.code, Some(0), "{case}: {}", next.text);
    let last = local.run_smoothly(&PUBLISH).await;
    assert!(last.text.contains("nothing to do"), "{case}: {}", last.text);
    let verified = local.run_smoothly(&["verify"]).await;
    assert_eq!(verified.code, Some(0), "{case}: {}", verified.text);
}

#[tokio::test]
async fn a_connection_that_dies_before_any_answer_is_ridden_out() {
    for (index, request) in requests_of_a_publish().await.iter().enumerate() {
        let local = Local::start().await;
        let faults = Faults::at(index, Happening::Unanswered);
        let proxies = local.behind(&faults).await;
        let ended = local.run(&PUBLISH).await;
        assert_eq!(ended.code, Some(0), "{request}: {}", ended.text);
        drop(proxies);
        let last = local.run_smoothly(&PUBLISH).await;
        assert!(
            last.text.contains("nothing to do"),
            "{request}: {}",
            last.text
        );
        local.shutdown().await;
    }
}

#[tokio::test]
async fn a_run_that_is_killed_after_any_write_is_finished_by_the_next() {
    let requests = requests_of_a_publish().await;
    let writes = requests.iter().enumerate().filter(|(_, it)| is_write(it));
    for (index, request) in writes {
        let local = Local::start().await;
        let faults = Faults::at(index, Happening::Stopped);
        let proxies = local.behind(&faults).await;
        let mut command = local.command(&PUBLISH);
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        faults.stopped().await;
        child.kill().await.unwrap();
        drop(proxies);
        finish(&local, request).await;
        local.shutdown().await;
    }
}

#[tokio::test]
async fn throttling_and_server_errors_are_ridden_out() {
    for (status, code) in [
        (429, "TooManyRequestsException"),
        (500, "InternalServerErrorException"),
        (503, "ServiceUnavailable"),
    ] {
        let local = Local::start().await;
        let faults = Faults::between(0, 3, None, Happening::Answered(status, code));
        let _proxies = local.behind(&faults).await;
        let ended = local.run(&PUBLISH).await;
        assert_eq!(ended.code, Some(0), "{status}: {}", ended.text);
        local.shutdown().await;
    }
}

#[tokio::test]
async fn what_can_not_be_ridden_out_is_said_with_its_mend() {
    let mut said = Vec::new();
    for (method, status, code) in [
        ("GET", 403, "AccessDeniedException"),
        ("GET", 403, "ExpiredTokenException"),
        ("POST", 403, "ForbiddenException"),
        ("POST", 400, "BadRequestException"),
    ] {
        let local = Local::start().await;
        let faults = Faults::every(method, Happening::Answered(status, code));
        let _proxies = local.behind(&faults).await;
        let mut command = local.command(&PUBLISH);
        let output = command.output().await.unwrap();
        assert_eq!(output.status.code(), Some(1));
        let error = String::from_utf8(output.stderr).unwrap();
        let lines = error.lines().filter(|line| !line.starts_with("done: "));
        said.extend(lines.map(str::to_owned));
        local.shutdown().await;
    }
    insta::assert_snapshot!(said.join("\n"));
}
