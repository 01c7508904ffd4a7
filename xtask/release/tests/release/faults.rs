//! What the program does when SAR and S3 fail, slow it down, or vanish, and when it is killed: at each of the requests
//! that a release makes.

use std::process::Stdio;

use release::aws::{Target, connect};
use release::ports::Repository as _;
use release::sharing::SharingPolicy;

use crate::local::{Local, PUBLISH};
use crate::proxy::{Faults, Happening, Which};

/// A release to be disturbed.
#[derive(Debug, Clone, Copy)]
enum Release {
    /// The first version of an application that there is not yet.
    First,
    /// Another version of a private application, which shows other things and becomes public.
    Second,
}

impl Release {
    /// A local cloud and a checkout, just before the release.
    async fn prepare(self) -> Local {
        let local = Local::start().await;
        if matches!(self, Self::Second) {
            let fixture = &local.fixture;
            fixture.write("sar/sharing.toml", "public = false\n");
            fixture.commit();
            let before = local.run_smoothly(&PUBLISH).await;
            assert_eq!(before.code, Some(0), "{}", before.text);
            fixture.set_version("0.1.0", "0.2.0");
            fixture.compile("one", "second");
            fixture.write("README.md", "# Another\n");
            fixture.write("sar/sharing.toml", "public = true\n");
            fixture.commit();
        }
        local
    }

    /// The labels of the requests that it makes when nothing goes wrong, sorted.
    async fn requests(self) -> Vec<String> {
        let local = self.prepare().await;
        let faults = Faults::none();
        let _proxies = local.behind(&faults).await;
        let ended = local.run(&PUBLISH).await;
        assert_eq!(ended.code, Some(0), "{}", ended.text);
        local.shutdown().await;
        let mut requests = faults.requests();
        requests.sort();
        requests
    }

    /// For each request, lets a release of its own meet `happening` there and sees that it ends well nevertheless.
    async fn rides_out(self, happening: Happening) {
        for request in self.requests().await {
            let local = self.prepare().await;
            let faults = Faults::at(Which::Labelled(request.clone()), happening.clone());
            let proxies = local.behind(&faults).await;
            let ended = local.run(&PUBLISH).await;
            assert_eq!(ended.code, Some(0), "{request}: {}", ended.text);
            drop(proxies);
            nothing_is_left_to_do(&local, &request).await;
            local.shutdown().await;
        }
    }

    /// For each request, kills a release of its own once that is done, and sees that the next run finishes it.
    async fn survives(self) {
        for request in self.requests().await {
            let local = self.prepare().await;
            let faults = Faults::at(Which::Labelled(request.clone()), Happening::Stopped);
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
            what_is_public_is_complete(&local, &request).await;
            let next = local.run_smoothly(&PUBLISH).await;
            assert_eq!(next.code, Some(0), "{request}: {}", next.text);
            nothing_is_left_to_do(&local, &request).await;
            what_is_public_is_complete(&local, &request).await;
            local.shutdown().await;
        }
    }
}

/// Who may deploy what `local` has published.
async fn sharing(local: &Local) -> SharingPolicy {
    let endpoints = local.fixture.root().join("target/endpoints.json");
    std::fs::write(&endpoints, local.endpoints()).unwrap();
    let aws = connect(&Target::Local { endpoints }).await.unwrap();
    let name = local.fixture.checkout().template().unwrap();
    let name = name.block().unwrap().name;
    let application = aws.publisher.application(&name);
    aws.repository.policy(&application).await.unwrap()
}

/// What everybody can deploy is all of the release: the version, its code, what is shown, and who may.
async fn what_is_public_is_complete(local: &Local, case: &str) {
    if sharing(local).await.is_public() {
        for command in ["status", "verify"] {
            let same = local.run_smoothly(&[command]).await;
            assert_eq!(same.code, Some(0), "{case}: {command}: {}", same.text);
        }
    }
}

/// The release is done: another run writes nothing.
async fn nothing_is_left_to_do(local: &Local, case: &str) {
    let faults = Faults::none();
    let _proxies = local.behind(&faults).await;
    let last = local.run(&PUBLISH).await;
    assert!(last.text.contains("nothing to do"), "{case}: {}", last.text);
    assert_eq!(faults.writes(), Vec::<String>::new(), "{case}");
    assert!(sharing(local).await.is_public(), "{case}");
}

#[tokio::test]
async fn these_are_the_requests_of_a_release() {
    let [mut first, mut second] = [
        Release::First.requests().await,
        Release::Second.requests().await,
    ];
    first.insert(0, "# the first version".into());
    second.insert(0, "\n# the second version".into());
    insta::assert_snapshot!([first, second].concat().join("\n"));
}

#[tokio::test]
async fn a_first_release_rides_out_connections_that_die_before_any_answer() {
    Release::First.rides_out(Happening::Unanswered).await;
}

#[tokio::test]
async fn a_second_release_rides_out_connections_that_die_before_any_answer() {
    Release::Second.rides_out(Happening::Unanswered).await;
}

#[tokio::test]
async fn a_release_rides_out_connections_that_die_in_the_midst_of_any_answer() {
    Release::Second.rides_out(Happening::Truncated).await;
}

#[tokio::test]
async fn a_first_release_that_is_killed_after_any_request_is_finished_by_the_next() {
    Release::First.survives().await;
}

#[tokio::test]
async fn a_second_release_that_is_killed_after_any_request_is_finished_by_the_next() {
    Release::Second.survives().await;
}

#[tokio::test]
async fn throttling_server_errors_and_slow_answers_are_ridden_out_at_every_request() {
    for happening in [
        Happening::Answered(429, "TooManyRequestsException"),
        Happening::Answered(500, "InternalServerErrorException"),
        Happening::Answered(503, "SlowDown"),
        Happening::Late,
    ] {
        let local = Release::Second.prepare().await;
        let faults = Faults::at(Which::FirstOfEach, happening.clone());
        let proxies = local.behind(&faults).await;
        let ended = local.run(&PUBLISH).await;
        assert_eq!(ended.code, Some(0), "{happening:?}: {}", ended.text);
        drop(proxies);
        nothing_is_left_to_do(&local, &format!("{happening:?}")).await;
        local.shutdown().await;
    }
}

#[tokio::test]
async fn what_can_not_be_ridden_out_is_said_with_its_mend() {
    let mut said = Vec::new();
    for (release, request, status, code) in [
        (
            Release::First,
            "GET /applications",
            403,
            "AccessDeniedException",
        ),
        (
            Release::First,
            "GET /applications",
            403,
            "ExpiredTokenException",
        ),
        (
            Release::First,
            "POST /applications",
            403,
            "ForbiddenException",
        ),
        (
            Release::First,
            "POST /applications",
            400,
            "BadRequestException",
        ),
        (
            Release::First,
            "PUT /serverlessrepo-artifacts",
            409,
            "BucketAlreadyExists",
        ),
        (Release::Second, "?policy", 403, "AccessDenied"),
        (Release::Second, "?policy", 400, "ExpiredToken"),
        (Release::Second, "?policy", 301, "PermanentRedirect"),
        (Release::Second, "HEAD ", 403, "AccessDenied"),
        (
            Release::Second,
            "PUT /serverlessrepo-artifacts",
            403,
            "AccessDenied",
        ),
        (
            Release::Second,
            "/versions/0.2.0",
            403,
            "AccessDeniedException",
        ),
        (Release::Second, "PATCH ", 403, "AccessDeniedException"),
        (
            Release::Second,
            "PUT /applications/arn:aws:serverlessrepo:us-east-1:000000000000:applications/example/policy",
            403,
            "AccessDeniedException",
        ),
    ] {
        let local = release.prepare().await;
        let faults = Faults::at(Which::Every(request), Happening::Answered(status, code));
        let _proxies = local.behind(&faults).await;
        let output = local.command(&PUBLISH).output().await.unwrap();
        assert_eq!(output.status.code(), Some(1), "{request} {code}");
        let error = String::from_utf8(output.stderr).unwrap();
        let lines = error.lines().filter(|line| !line.starts_with("done: "));
        said.push(format!("{request} -> {status} {code}"));
        said.extend(lines.map(|line| format!("  {line}")));
        local.shutdown().await;
    }
    insta::assert_snapshot!(said.join("\n"));
}

#[tokio::test]
async fn several_who_publish_the_same_at_once_all_come_to_the_same_end() {
    let local = Release::First.prepare().await;
    let _proxies = local.behind(&Faults::none()).await;
    // Each takes its programs from the checkout, and makes its bundle in a folder of its own.
    let bundles: Vec<_> = ["a", "b", "c"]
        .map(|name| local.fixture.try_package(name).unwrap())
        .into();
    let runs = bundles.iter().map(|bundle| {
        let folder = bundle.folder().to_str().unwrap();
        let mut command = local.command(&["publish", "--yes", "--bundle", folder]);
        async move { command.output().await.unwrap() }
    });
    for output in futures_util::future::join_all(runs).await {
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{said}");
    }
    nothing_is_left_to_do(&local, "at once").await;
    local.shutdown().await;
}

#[tokio::test]
async fn of_several_who_publish_different_things_as_one_version_one_succeeds() {
    let local = Release::First.prepare().await;
    let _proxies = local.behind(&Faults::none()).await;
    let mut runs = Vec::new();
    for name in ["a", "b", "c"] {
        local.fixture.compile("one", name);
        let bundle = local.fixture.try_package(name).unwrap();
        let folder = bundle.folder().to_str().unwrap();
        let mut command = local.command(&["publish", "--yes", "--bundle", folder]);
        runs.push(async move { command.output().await.unwrap() });
    }
    let ended = futures_util::future::join_all(runs).await;
    let codes: Vec<_> = ended.iter().map(|output| output.status.code()).collect();
    assert_eq!(
        codes.iter().filter(|code| **code == Some(0)).count(),
        1,
        "{codes:?}"
    );
    for output in ended.iter().filter(|output| !output.status.success()) {
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            said.contains("version 0.1.0 is published with other content (code of One)"),
            "{said}"
        );
    }
    local.shutdown().await;
}
