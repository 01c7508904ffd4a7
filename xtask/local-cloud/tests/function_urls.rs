//! Function URLs over HTTP: routing, limits, errors, streaming, signatures.

#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod support;

use bytes::Bytes;
use http::Request;
use http_body_util::BodyExt;
use local_cloud::{Auth, Credentials, LocalCloud};
use serde_json::{Value, json};
use support::*;

async fn echo(cloud: &LocalCloud, request: Request<Bytes>) -> Value {
    let body = send(port(cloud), request)
        .await
        .unwrap()
        .into_body()
        .collect()
        .await
        .unwrap()
        .to_bytes();
    let echo: Value = serde_json::from_slice(&body).unwrap();
    // The streaming URL passes the document on as it is, the other one unwraps its body.
    echo["body"]
        .as_str()
        .map_or(echo.clone(), |body| serde_json::from_str(body).unwrap())
}

#[tokio::test]
async fn paths_lead_to_the_two_functions() {
    let (cloud, _folder, _) = cloud_with(|_| {}).await;
    for (path, function) in [
        ("/", "default-mcp"),
        ("/mcp", "default-mcp"),
        ("/sse", "default-mcp"),
        ("/message?sessionId=1", "default-mcp"),
        ("/registered", "default-mcp"),
        ("/register", "default-mcp-registration"),
        ("/register/", "default-mcp-registration"),
        ("/register/tool-a%2Fb", "default-mcp-registration"),
        ("/openapi.json", "default-mcp-registration"),
    ] {
        let echo = echo(
            &cloud,
            Request::get(path)
                .header("x-test", "echo")
                .body(Bytes::new())
                .unwrap(),
        )
        .await;
        assert_eq!(
            echo["environment"]["AWS_LAMBDA_FUNCTION_NAME"], function,
            "{path}"
        );
        assert_eq!(echo["event"]["rawPath"], path.split('?').next().unwrap());
        assert_eq!(echo["event"].get("pathParameters"), None);
        assert_eq!(echo["event"]["requestContext"].get("authorizer"), None);
    }
    cloud.shutdown().await;
}

#[tokio::test]
async fn functions_get_the_templates_variables_and_the_local_endpoints() {
    let (cloud, _folder, _) = cloud_with(|config| {
        config.parameters.insert("ServerName".into(), "mine".into());
    })
    .await;
    let echo = echo(&cloud, Request::get("/mcp").body(Bytes::new()).unwrap()).await;
    let environment = &echo["environment"];
    assert_eq!(environment["REGISTRATION_TABLE_NAME"], "RegistrationTable");
    assert_eq!(environment["SESSION_TABLE_NAME"], "SessionTable");
    assert_eq!(environment["SERVER_NAME"], "mine");
    assert_eq!(environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], "512");
    assert_eq!(
        environment["AWS_ENDPOINT_URL_LAMBDA"],
        json!(cloud.endpoints().lambda_endpoint)
    );
    assert_eq!(
        environment["AWS_ENDPOINT_URL_DYNAMODB"],
        json!(cloud.endpoints().dynamodb_endpoint)
    );
    assert!(environment["AWS_SESSION_TOKEN"].is_string());
    cloud.shutdown().await;
}

#[tokio::test]
async fn failures_of_a_function_are_a_502_that_tells_nothing() {
    let (cloud, _folder, lines) = cloud_with(|config| config.max_concurrency = 1).await;
    let mut outcomes = Vec::new();
    for (path, event) in [
        ("/mcp", json!({"action": "exit"})),
        ("/mcp", json!({"action": "error"})),
        (
            "/mcp",
            json!({"action": "stream", "chunks": ["no prelude"]}),
        ),
        ("/register", json!({"action": "raw", "text": "{"})),
        (
            "/register",
            json!({"action": "respond", "response": {"statusCode": "x"}}),
        ),
    ] {
        let response = send(port(&cloud), post(path, &event)).await.unwrap();
        outcomes.push(render(response, &["content-type"]).await);
    }
    outcomes.dedup();
    insta::assert_snapshot!(outcomes.join("\n\n"), @r"
    502 Bad Gateway
    content-type: text/plain
    Internal Server Error
    ");
    // Whoever runs the host learns why.
    lines.find("exit status 1").await;
    lines.find("ended within its prelude").await;

    let gate = Gate::new().await;
    let busy = tokio::spawn(send(
        port(&cloud),
        post("/mcp", &json!({"gate": gate.port()})),
    ));
    let waiting = gate.arrival().await;
    let throttled = send(port(&cloud), post("/mcp", &json!({}))).await.unwrap();
    insta::assert_snapshot!(render(throttled, &["x-amzn-errortype"]).await, @r#"
    429 Too Many Requests
    x-amzn-errortype: TooManyRequestsException
    {"message":"Rate Exceeded."}
    "#);
    waiting.open().await;
    busy.await.unwrap().unwrap();
    cloud.shutdown().await;
}

#[tokio::test]
async fn six_megabytes_are_the_limit_of_a_request() {
    let (cloud, _folder, _) = cloud_with(|_| {}).await;
    let body = |length: usize| {
        Request::post("/register")
            .body(Bytes::from(vec![b' '; length]))
            .unwrap()
    };
    let refused = send(port(&cloud), body(6 * 1024 * 1024 + 1)).await.unwrap();
    insta::assert_snapshot!(render(refused, &["x-amzn-errortype"]).await, @r#"
    413 Payload Too Large
    x-amzn-errortype: RequestEntityTooLargeException
    {"Message":"Request Entity Too Large"}
    "#);
    let environments = cloud.host().environments("default-mcp-registration");
    assert!(
        environments
            .iter()
            .all(|environment| environment.invocations == 0)
    );
    cloud.shutdown().await;
}

#[tokio::test]
async fn a_stream_reaches_the_client_chunk_by_chunk() {
    let (cloud, _folder, _) = cloud_with(|_| {}).await;
    let gate = Gate::new().await;
    let prelude =
        "{\"statusCode\":200,\"headers\":{\"content-type\":\"text/event-stream\"}}\0\0\0\0\0\0\0\0";
    let event = json!({"action": "stream", "chunks": [prelude, "data: 1\n\n", {"gate": gate.port()}, "data: 2\n\n"]});
    let response = send(port(&cloud), post("/mcp", &event)).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(first, "data: 1\n\n");
    gate.arrival().await.open().await;
    assert_eq!(body.collect().await.unwrap().to_bytes(), "data: 2\n\n");

    let broken = json!({"action": "stream", "chunks": [prelude, "data: 1\n\n"], "end": "trailer"});
    let response = send(port(&cloud), post("/mcp", &broken)).await.unwrap();
    assert!(
        response.into_body().collect().await.is_err(),
        "an error in the trailers breaks the response off"
    );
    cloud.shutdown().await;
}

/// Signs as an SDK does, in the headers.
fn signed(request: Request<Bytes>, port: u16, credentials: &Credentials) -> Request<Bytes> {
    signing::signed(request, port, "lambda", credentials)
}

#[tokio::test]
async fn with_signatures_only_local_principals_get_in_and_functions_see_who() {
    let (cloud, _folder, lines) = cloud_with(|config| {
        config.auth = Auth::Iam;
        config.users = vec!["alice".into(), "bob".into()];
    })
    .await;
    let port = port(&cloud);
    for user in cloud.users() {
        let request = signed(post("/mcp?a=1", &json!({})), port, &user.credentials);
        let echo = echo(&cloud, request).await;
        let context = &echo["event"]["requestContext"];
        assert_eq!(context["accountId"], "000000000000");
        let iam = &context["authorizer"]["iam"];
        assert_eq!(
            iam["userArn"],
            format!("arn:aws:iam::000000000000:user/{}", user.name)
        );
        assert_eq!(iam["accessKey"], json!(user.credentials.access_key_id));
        assert_eq!(echo["event"]["headers"].get("authorization"), None);
        // The function signs its own calls with keys that are let in as well.
        let environment = &echo["environment"];
        let role = Credentials {
            access_key_id: environment["AWS_ACCESS_KEY_ID"].as_str().unwrap().into(),
            secret_access_key: environment["AWS_SECRET_ACCESS_KEY"]
                .as_str()
                .unwrap()
                .into(),
            session_token: environment["AWS_SESSION_TOKEN"].as_str().map(str::to_owned),
        };
        let invoke = post(
            "/2015-03-31/functions/test/invocations",
            &json!({"action": "respond", "response": 1}),
        );
        assert_eq!(
            send(port, signed(invoke, port, &role))
                .await
                .unwrap()
                .status(),
            200
        );
    }

    let mut outcomes = Vec::new();
    let mut altered = signed(post("/mcp", &json!({})), port, cloud.credentials());
    *altered.body_mut() = Bytes::from_static(b"[]");
    let wrong = Credentials {
        secret_access_key: "wrong".into(),
        ..cloud.credentials().clone()
    };
    for (name, request) in [
        ("unsigned", post("/mcp", &json!({}))),
        ("unsigned registration", post("/register", &json!({}))),
        ("altered", altered),
        (
            "wrong secret",
            signed(post("/mcp", &json!({})), port, &wrong),
        ),
        (
            "unsigned invoke",
            post("/2015-03-31/functions/test/invocations", &json!({})),
        ),
    ] {
        let response = send(port, request).await.unwrap();
        outcomes.push(format!(
            "{name}: {}",
            render(response, &["x-amzn-errortype"]).await
        ));
    }
    insta::assert_snapshot!(outcomes.join("\n\n"));
    lines
        .find("refused POST /mcp: the request is not signed")
        .await;
    cloud.shutdown().await;
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_the_function_running() {
    let (cloud, _folder, lines) = cloud_with(|_| {}).await;
    let gate = Gate::new().await;
    let call = tokio::spawn(send(
        port(&cloud),
        post("/mcp", &json!({"gate": gate.port(), "action": "protocol"})),
    ));
    let waiting = gate.arrival().await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    waiting.open().await;
    lines.find("accepted 202").await;
    cloud.shutdown().await;
}
