//! Who may call: signatures in front of the function URLs, and a handshake in every revision that has one.

use std::time::{Duration, SystemTime};

use anyhow::Result;
use aws_sigv4::http_request::SignatureLocation;
use local_cloud::{Auth, Credentials};
use serde_json::json;
use support::TestCloud;
use support::mcp::modern_request;
use support::signing::Signer;

fn signer(credentials: &Credentials) -> Signer {
    let Credentials {
        access_key_id,
        secret_access_key,
        session_token,
    } = credentials;
    Signer::new(access_key_id, secret_access_key, session_token.as_deref())
}

#[tokio::test]
async fn only_signed_requests_reach_the_functions() -> Result<()> {
    let cloud = TestCloud::start_with(|config| config.auth = Auth::Iam).await?;
    let call = || {
        modern_request(
            &cloud.url("/mcp"),
            "tools/call",
            json!({ "name": "hello", "arguments": { "name": "Ada" } }),
        )
    };
    let signed = signer(cloud.cloud().credentials());
    let presigned = Signer {
        location: SignatureLocation::QueryParams,
        ..signed.clone()
    };
    let old = Signer {
        time: SystemTime::now() - Duration::from_hours(1),
        ..signed.clone()
    };
    let elsewhere = Signer {
        region: "eu-west-1".to_owned(),
        ..signed.clone()
    };
    let forged = Signer::new(
        &cloud.cloud().credentials().access_key_id,
        "not the secret",
        None,
    );

    assert_eq!(cloud.http().send(call()?).await?.status, 403);
    for accepted in [&signed, &presigned] {
        let reply = cloud.http().send(accepted.sign(call()?)?).await?;
        assert_eq!(reply.status, 200, "{}", reply.text()?);
        assert_eq!(
            reply.messages()?[0]["result"]["content"][0]["text"],
            "Hello, Ada!"
        );
    }
    for refused in [&old, &elsewhere, &forged] {
        assert_eq!(cloud.http().send(refused.sign(call()?)?).await?.status, 403);
    }

    let mut altered = signed.sign(call()?)?;
    *altered.body_mut() = "{}".into();
    assert_eq!(cloud.http().send(altered).await?.status, 403);
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn every_revision_shakes_hands_in_its_own_way() -> Result<()> {
    let cloud = TestCloud::start().await?;
    let call = json!({ "name": "hello", "arguments": { "name": "Ada" } });
    for version in ["2025-03-26", "2025-06-18", "2025-11-25"] {
        let (client, initialized) = cloud.legacy(version).await?;
        assert_eq!(initialized["protocolVersion"], version);
        let answer = client.call("tools/call", call.clone()).await?;
        assert_eq!(
            answer["result"]["content"][0]["text"], "Hello, Ada!",
            "{version}"
        );
    }
    let discovered = cloud.modern().call("server/discover", json!({})).await?;
    let supported = discovered["result"]["supportedVersions"].as_array();
    assert!(
        supported.is_some_and(|versions| versions.contains(&json!("2026-07-28"))),
        "{discovered}"
    );
    let answer = cloud.modern().call("tools/call", call).await?;
    assert_eq!(
        answer["result"]["structuredContent"],
        json!({ "greeting": "Hello, Ada!" })
    );
    cloud.shutdown().await;
    Ok(())
}
