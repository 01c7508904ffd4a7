//! Registrations and their functions: what could not be called is not registered unseen, and what is disabled is not
//! there for clients.

use anyhow::Result;
use http::Method;
use local_cloud::Fault;
use serde_json::{Value, json};
use support::functions::{function, tool};
use support::http::json_request;
use support::{Reply, TestCloud};

async fn cloud() -> Result<TestCloud> {
    TestCloud::start_with(|config| {
        config.sample = false;
        let program = env!("CARGO_BIN_EXE_puppet");
        config.tools = ["echo", "other"]
            .map(|name| function(name, program, &["echo"]))
            .into();
    })
    .await
}

async fn send(cloud: &TestCloud, method: Method, path: &str, body: &Value) -> Result<Reply> {
    let request = json_request(method, &cloud.url(path), body)?;
    cloud.http().send(request).await
}

#[tokio::test]
async fn lambda_is_asked_before_a_function_is_registered() -> Result<()> {
    let cloud = cloud().await?;
    let missing = tool("a", "never-deployed");
    let refused = cloud.http().post(&cloud.url("/register"), &missing).await?;
    assert_eq!(refused.status, 422);
    let error = &refused.json()?["error"];
    assert_eq!(error["code"], "function_not_invocable");
    insta::assert_json_snapshot!("missing", error["problems"]);

    // Lambda says no once, and the words to mend it name the roles that the template makes.
    cloud.cloud().host().inject("echo", 1, Fault::Denied)?;
    let denied = cloud
        .http()
        .post(&cloud.url("/register"), &tool("a", "echo"))
        .await?;
    assert_eq!(denied.status, 422);
    let problem = &denied.json()?["error"]["problems"][0];
    insta::assert_snapshot!("denied", problem["mend"].as_str().unwrap_or_default());

    // It does not answer, twice as often as it is asked, which is no reason to refuse.
    cloud
        .cloud()
        .host()
        .inject("other", 2, Fault::ServiceError)?;
    cloud.register(&tool("a", "other")).await?;
    let forced = send(&cloud, Method::PUT, "/register/tool-a?force=true", &missing).await?;
    assert_eq!(forced.status, 200, "{}", forced.text()?);
    let list = cloud
        .http()
        .get(&cloud.url("/register?include=health"))
        .await?;
    assert_eq!(
        list.json()?["details"]["tool-a"]["health"]["status"],
        "missing"
    );
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn clients_see_nothing_of_what_is_disabled() -> Result<()> {
    let cloud = cloud().await?;
    let with = |mut registration: Value, more: Value| {
        for (name, value) in more.as_object().into_iter().flatten() {
            registration[name] = value.clone();
        }
        registration
    };
    let resource = |name: &str, more| {
        with(
            with(tool(name, "echo"), json!({ "type": "resource" })),
            more,
        )
    };
    for registration in [
        tool("kept", "echo"),
        tool("off", "echo"),
        resource("at", json!({ "uri": "test://items/1" })),
        resource(
            "every",
            json!({ "uriTemplate": "test://items/{id}", "completions": { "id": ["1"] } }),
        ),
        with(tool("ask", "echo"), json!({ "type": "prompt" })),
    ] {
        cloud.register(&registration).await?;
    }
    let set = async |id: &str, enabled: bool| {
        let path = format!("/register/{id}");
        let reply = send(&cloud, Method::PATCH, &path, &json!({ "enabled": enabled })).await?;
        anyhow::ensure!(reply.status == 200, "{}", reply.text()?);
        Ok(())
    };
    let client = cloud.modern();
    let names = async |method: &str, list: &str| -> Result<Vec<String>> {
        let answer = client.call(method, json!({})).await?;
        let listed = answer["result"][list].as_array().cloned();
        let names = listed.into_iter().flatten();
        Ok(names
            .filter_map(|one| one["name"].as_str().map(str::to_owned))
            .collect())
    };
    let read = async || -> Result<String> {
        let answer = client
            .call("resources/read", json!({ "uri": "test://items/1" }))
            .await?;
        Ok(match answer["error"]["code"].as_i64() {
            Some(code) => code.to_string(),
            None => answer["result"]["contents"][0]["text"].to_string(),
        })
    };

    assert!(read().await?.contains(r#"\"name\":\"at\""#));
    for id in ["tool-off", "resource-at", "prompt-ask"] {
        set(id, false).await?;
    }
    assert_eq!(names("tools/list", "tools").await?, ["kept"]);
    assert!(names("resources/list", "resources").await?.is_empty());
    assert!(names("prompts/list", "prompts").await?.is_empty());
    let call = client.call("tools/call", json!({ "name": "off", "arguments": {} }));
    let unknown = client.call("tools/call", json!({ "name": "unknown", "arguments": {} }));
    let (call, unknown) = (call.await?, unknown.await?);
    assert_eq!(call["error"]["code"], unknown["error"]["code"]);
    assert_eq!(call["error"]["message"], "unknown tool: off");
    // Its URI is one that the template describes, and is read as such.
    assert!(read().await?.contains(r#"\"name\":\"every\""#));
    set("resource-every", false).await?;
    assert!(
        names("resources/templates/list", "resourceTemplates")
            .await?
            .is_empty()
    );
    assert_eq!(read().await?, "-32602");
    let completion = json!({
        "ref": { "type": "ref/resource", "uri": "test://items/{id}" },
        "argument": { "name": "id", "value": "" },
    });
    let answer = client
        .call("completion/complete", completion.clone())
        .await?;
    assert!(answer["error"].is_object(), "{answer}");

    for id in ["tool-off", "resource-at", "resource-every", "prompt-ask"] {
        set(id, true).await?;
    }
    assert_eq!(names("tools/list", "tools").await?, ["kept", "off"]);
    assert!(read().await?.contains(r#"\"name\":\"at\""#));
    let answer = client.call("completion/complete", completion).await?;
    assert_eq!(answer["result"]["completion"]["values"], json!(["1"]));
    cloud.shutdown().await;
    Ok(())
}
