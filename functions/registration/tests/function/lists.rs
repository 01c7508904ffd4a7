//! Lists come in parts that fit, in order, and none is lost.

use crate::support::{Function, Sent, body, tool_of};
use lambda_http::http::StatusCode;
use registry::{Operation, Registration, RegistrationStore};
use serde_json::Value;

async fn register(function: &Function, kind: &str, name: &str, more: &str) {
    let document = format!(
        r#"{{"type":"{kind}","name":"{name}","lambdaArn":"arn:aws:lambda:eu-west-1:123456789012:function:f"{more}}}"#
    );
    let registration = Registration::parse(document.as_bytes()).unwrap();
    let change = Operation::Create(registration).into();
    function.store.write(&[change], None).await.unwrap();
}

/// All the ids, part by part, and the size of each part as it stands in Lambda's response.
async fn parts(function: &Function, query: &str) -> (Vec<Vec<String>>, Vec<usize>) {
    let mut parts = Vec::new();
    let mut sizes = Vec::new();
    let mut target = format!("/register?{query}");
    loop {
        let sent = Sent {
            method: "GET",
            target: &target,
            ..Sent::default()
        };
        let response = function.send(sent).await;
        assert_eq!(response.status(), StatusCode::OK);
        let document = body(&response);
        sizes.push(serde_json::to_string(&document.to_string()).unwrap().len());
        let ids = document["registrations"].as_array().unwrap();
        parts.push(
            ids.iter()
                .map(|registration| registration["id"].as_str().unwrap().to_owned())
                .collect(),
        );
        match &document["nextCursor"] {
            Value::String(cursor) => target = format!("/register?{query}&cursor={cursor}"),
            _ => return (parts, sizes),
        }
    }
}

#[tokio::test]
async fn parts_go_on_across_types() {
    let function = Function::start().await;
    for name in ["b", "a", "c"] {
        register(&function, "tool", name, "").await;
    }
    register(&function, "prompt", "a", "").await;
    register(&function, "resource", "z", r#","uri":"test://z""#).await;
    register(
        &function,
        "resource",
        "a-b",
        r#","uriTemplate":"test://{a}""#,
    )
    .await;
    let all = [
        "tool-a",
        "tool-b",
        "tool-c",
        "resource-a-b",
        "resource-z",
        "prompt-a",
    ];
    for limit in 1..=7 {
        let (parts, _) = parts(&function, &format!("limit={limit}")).await;
        assert_eq!(parts.concat(), all);
        // No part is short but the last, and none is empty.
        for part in &parts[..parts.len() - 1] {
            assert_eq!(part.len(), limit);
        }
        assert!(!parts.last().unwrap().is_empty());
    }
    let (resources, _) = parts(&function, "type=resource&limit=1").await;
    assert_eq!(resources, [["resource-a-b"], ["resource-z"]]);
    let sent = Sent {
        method: "GET",
        // Says `1:tool-a`.
        target: "/register?type=prompt&cursor=MTp0b29sLWE",
        ..Sent::default()
    };
    let response = function.send(sent).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(body(&response)["error"]["code"], "invalid_query");
}

#[tokio::test]
async fn an_answer_never_outgrows_what_lambda_takes() {
    let function = Function::start().await;
    // 40 times 200 KB, all quotes and escapes: 8 MB of documents, 12 MB inside a JSON string.
    let filler = r#"\""#.repeat(100_000);
    let expected: Vec<String> = (0..40).map(|index| format!("tool-t{index:02}")).collect();
    for id in &expected {
        let name = id.strip_prefix("tool-").unwrap();
        register(
            &function,
            "tool",
            name,
            &format!(r#","_meta":{{"x":"{filler}"}}"#),
        )
        .await;
    }
    let (parts, sizes) = parts(&function, "").await;
    assert_eq!(parts.concat(), expected);
    assert!(
        sizes.len() > 1 && sizes.iter().all(|size| *size < 6_000_000),
        "{sizes:?}"
    );
}

#[tokio::test]
async fn lists_hold_what_was_asked_for() {
    let function = Function::start().await;
    for (name, of) in [
        ("alpha", "f"),
        ("alps", "g:live"),
        ("beta", "g"),
        ("gamma", "gg"),
    ] {
        let document = tool_of(name, of);
        function.show("POST", "/register", Some(&document)).await;
    }
    let arn = "arn:aws:lambda:eu-west-1:123456789012:function:g";
    for (query, expected) in [
        ("prefix=al", vec!["tool-alpha", "tool-alps"]),
        ("prefix=alpha-", vec![]),
        ("prefix=al&type=prompt", vec![]),
        ("function=g", vec!["tool-alps", "tool-beta"]),
        (&format!("function={arn}"), vec!["tool-alps", "tool-beta"]),
        (&format!("function={arn}:live"), vec!["tool-alps"]),
        ("function=g&prefix=b", vec!["tool-beta"]),
    ] {
        for limit in ["", "&limit=1"] {
            let (parts, _) = parts(&function, &format!("{query}{limit}")).await;
            assert_eq!(parts.concat(), expected, "{query}{limit}");
        }
    }
}

#[tokio::test]
async fn details_stand_beside_the_documents() {
    let function = Function::start().await;
    for (name, of) in [("a", "f"), ("b", "missing"), ("c", "unclear")] {
        let document = tool_of(name, of);
        function
            .show("POST", "/register?force=true", Some(&document))
            .await;
    }
    let sent = |target| Sent {
        method: "GET",
        target,
        ..Sent::default()
    };
    let response = function
        .send(sent("/register?include=health,etag&limit=2"))
        .await;
    assert!(!response.headers().contains_key("etag"));
    let details = &body(&response)["details"];
    assert_eq!(details.as_object().unwrap().len(), 2);
    assert_eq!(details["tool-a"]["etag"], "\"1\"");
    assert_eq!(
        details["tool-a"]["createdAt"],
        details["tool-a"]["updatedAt"]
    );
    assert_eq!(
        details["tool-a"]["health"],
        serde_json::json!({ "status": "ok" })
    );
    assert_eq!(details["tool-b"]["health"]["status"], "missing");

    let response = function.send(sent("/register/tool-c?include=health")).await;
    assert_eq!(response.headers()["etag"], "\"3\"");
    let detailed = body(&response);
    assert_eq!(detailed["registration"]["id"], "tool-c");
    assert_eq!(detailed["details"]["health"]["status"], "unknown");
    assert!(detailed["details"].get("etag").is_none());
}
