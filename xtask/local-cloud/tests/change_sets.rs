//! Change sets: what SAR checks, and what it hands over to `CloudFormation`.

#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod support;

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use local_cloud::{CloudFormation, Credentials};
use serde_json::{Value, json};
use support::aws::{Aws, packaged_template};
use tokio::net::TcpListener;

const CHANGE_SETS: &str = "/applications/arn%3Aaws%3Aserverlessrepo%3Aus-east-1%3A000000000000%3Aapplications%2Fhello/changesets";

/// An emulator that notes what it is asked for and knows one stack, `serverlessrepo-there`.
#[derive(Clone, Default)]
struct Emulator {
    requests: Arc<Mutex<Vec<String>>>,
}

impl Emulator {
    /// Serves until the test ends; gives the address.
    async fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let this = self.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let this = this.clone();
                let service = service_fn(move |request| this.clone().answer(request));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        endpoint
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&body).into_owned();
        let signature = parts.headers["authorization"].to_str().unwrap();
        let scope = signature.split('/').nth(3).unwrap();
        let form = if parts.method == Method::POST {
            shorten(&text)
        } else {
            text.clone()
        };
        let line = format!(
            "{} {} ({scope}) {form}",
            parts.method,
            stable_path(parts.uri.path())
        );
        self.requests.lock().unwrap().push(line);
        let (status, answer) = if text.contains("Action=DescribeStacks") {
            if text.contains("serverlessrepo-there") {
                (
                    200,
                    "<R><StackName>serverlessrepo-there</StackName><StackStatus>CREATE_COMPLETE</StackStatus></R>",
                )
            } else {
                (
                    400,
                    "<E><Error><Code>ValidationError</Code><Message>does not exist</Message></Error></E>",
                )
            }
        } else if text.contains("broken") {
            (
                400,
                "<E><Error><Code>ValidationError</Code><Message>the rule says no</Message></Error></E>",
            )
        } else {
            (
                200,
                "<R><Id>arn:change-set</Id><StackId>arn:stack</StackId></R>",
            )
        };
        let response = Response::builder().status(status);
        Ok(response.body(Full::new(Bytes::from(answer))).unwrap())
    }

    fn take(&self) -> String {
        std::mem::take(&mut *self.requests.lock().unwrap()).join("\n")
    }
}

/// The form, decoded, a line a field, without the template and the name made by chance.
fn shorten(form: &str) -> String {
    let fields = form.split('&').map(|field| {
        let field = percent_encoding::percent_decode_str(field)
            .decode_utf8()
            .unwrap();
        match field.split_once('=') {
            Some(("TemplateBody", body)) => {
                let template: Value = serde_json::from_str(body).unwrap();
                format!(
                    "TemplateBody with {} resources",
                    template["Resources"].as_object().unwrap().len()
                )
            }
            Some(("ChangeSetName", name)) if name.starts_with('a') => {
                "ChangeSetName=CHANCE".to_owned()
            }
            _ => field.into_owned(),
        }
    });
    fields.collect::<Vec<_>>().join("\n  ")
}

fn stable_path(path: &str) -> String {
    match path.split('/').collect::<Vec<_>>().as_slice() {
        ["", bucket, account, application, _, name] => {
            format!("/{bucket}/{account}/{application}/ID/{name}")
        }
        _ => path.to_owned(),
    }
}

async fn publish(aws: &Aws, template: &str) {
    aws.provide_artifacts().await;
    let body = json!({
        "name": "hello", "author": "someone", "description": "An example", "semanticVersion": "1.0.0",
        "templateBody": template,
    });
    let (status, answer) = aws.sar(Method::POST, "/applications", &body).await;
    assert_eq!(status, 201, "{answer}");
}

fn with_emulator(endpoint: String) -> CloudFormation {
    CloudFormation {
        endpoint,
        credentials: Credentials {
            access_key_id: "test".to_owned(),
            secret_access_key: "test".to_owned(),
            session_token: None,
        },
    }
}

#[tokio::test]
async fn code_template_and_parameters_are_handed_over() {
    let emulator = Emulator::default();
    let endpoint = emulator.start().await;
    let aws = Aws::start(|config| config.cloudformation = Some(with_emulator(endpoint))).await;
    publish(&aws, &packaged_template()).await;
    let body = json!({
        "stackName": "mine", "parameterOverrides": [{"name": "StackIdentifier", "value": "a&b ü"}],
        "tags": [{"key": "team", "value": "one"}], "capabilities": ["CAPABILITY_RESOURCE_POLICY"],
        "description": "First", "notificationArns": ["arn:topic"],
        "rollbackConfiguration": {"monitoringTimeInMinutes": 5, "rollbackTriggers": [{"arn": "arn:alarm", "type": "AWS::CloudWatch::Alarm"}]},
    });
    let (status, answer) = aws.sar(Method::POST, CHANGE_SETS, &body).await;
    assert_eq!(status, 201, "{answer}");
    assert_eq!(
        answer,
        json!({
            "applicationId": "arn:aws:serverlessrepo:us-east-1:000000000000:applications/hello",
            "changeSetId": "arn:change-set", "semanticVersion": "1.0.0", "stackId": "arn:stack",
        })
    );
    insta::assert_snapshot!(emulator.take());

    let (status, _) = aws
        .sar(Method::POST, CHANGE_SETS, &json!({"stackName": "there"}))
        .await;
    assert_eq!(status, 201);
    assert!(emulator.take().contains("ChangeSetType=UPDATE"));

    let refused = json!({"stackName": "mine", "changeSetName": "broken"});
    let (status, answer) = aws.sar(Method::POST, CHANGE_SETS, &refused).await;
    assert_eq!(status, 400);
    insta::assert_snapshot!(answer["message"].as_str().unwrap(), @"CloudFormation: the rule says no");
    aws.cloud.shutdown().await;
}

#[tokio::test]
async fn what_the_deployer_has_to_say_is_asked_for() {
    let emulator = Emulator::default();
    let endpoint = emulator.start().await;
    let aws = Aws::start(|config| config.cloudformation = Some(with_emulator(endpoint))).await;
    let template = json!({
        "Parameters": {"Needed": {"Type": "String"}, "Optional": {"Type": "String", "Default": ""}},
        "Resources": {
            "Role": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "mine"}},
            "Permission": {"Type": "AWS::Lambda::Permission", "Properties": {}},
        },
    });
    publish(&aws, &template.to_string()).await;
    let all = json!(["CAPABILITY_NAMED_IAM", "CAPABILITY_RESOURCE_POLICY"]);
    let needed = json!([{"name": "Needed", "value": "1"}]);
    let mut outcomes = Vec::new();
    for change in [
        json!({}),
        json!({"capabilities": ["CAPABILITY_IAM", "CAPABILITY_RESOURCE_POLICY"]}),
        json!({"capabilities": ["CAPABILITY_EVERYTHING"]}),
        json!({"capabilities": all}),
        json!({"capabilities": all, "parameterOverrides": [{"name": "Needed", "value": "1"}, {"name": "Needed", "value": "2"}]}),
        json!({"capabilities": all, "parameterOverrides": [{"name": "Other", "value": "1"}]}),
        json!({"capabilities": all, "parameterOverrides": needed, "stackName": "a_b"}),
        json!({"capabilities": all, "parameterOverrides": needed, "semanticVersion": "2.0.0"}),
        json!({"capabilities": all, "parameterOverrides": needed, "templateId": "none"}),
        json!({"capabilities": all, "parameterOverrides": needed}),
    ] {
        let mut body = json!({"stackName": "mine"});
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        let (status, answer) = aws.sar(Method::POST, CHANGE_SETS, &body).await;
        outcomes.push(format!("{change}\n  {status} {}", answer["message"]));
    }
    insta::assert_snapshot!(outcomes.join("\n"));
    aws.cloud.shutdown().await;
}

#[tokio::test]
async fn without_cloudformation_the_option_is_named() {
    let aws = Aws::start(|_| {}).await;
    publish(&aws, &packaged_template()).await;
    let (status, answer) = aws
        .sar(Method::POST, CHANGE_SETS, &json!({"stackName": "mine"}))
        .await;
    assert_eq!(status, 400);
    insta::assert_snapshot!(answer["message"].as_str().unwrap(), @"the local SAR has no CloudFormation to make a change set in; start local-cloud with --cloudformation-endpoint");
    aws.cloud.shutdown().await;
}
