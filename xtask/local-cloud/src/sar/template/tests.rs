use serde_json::json;

use super::*;

/// The product's own template, as packaging leaves it.
fn product() -> Value {
    let text = include_str!("../../../../../sar/template.yaml");
    let mut document = yaml::parse(text).unwrap();
    for (function, key) in [
        ("McpFunction", "mcp"),
        ("RegistrationFunction", "registration"),
    ] {
        document["Resources"][function]["Properties"]["CodeUri"] =
            json!(format!("s3://artifacts/{key}.zip"));
    }
    document
}

fn read(document: &Value) -> Result<Template, SarError> {
    Template::read(&document.to_string())
}

fn problem(change: impl FnOnce(&mut Value)) -> String {
    let mut document = product();
    change(&mut document);
    let checked = read(&document).and_then(|template| template.references());
    checked.map_or_else(|error| error.to_string(), |_| "fine".to_owned())
}

#[test]
fn the_products_template_is_accepted_and_needs_no_capability() {
    let mut template = read(&product()).unwrap();
    assert_eq!(template.capabilities(), Vec::<String>::new());
    let references = template.references().unwrap();
    for reference in &references {
        let key = format!("copy/{}", reference.location.key);
        template.redirect(reference, "own", &key);
    }
    let published = yaml::parse(&template.text()).unwrap();
    assert_eq!(
        published["Resources"]["McpFunction"]["Properties"]["CodeUri"],
        "s3://own/copy/mcp.zip"
    );
    assert_eq!(published["Metadata"].get(METADATA), None);
    assert!(published["Metadata"]["AWS::CloudFormation::Interface"].is_object());
    assert!(!template.parameters().is_empty());
}

#[test]
fn parameters_are_described_as_texts() {
    let template = Template::read(
        "
Parameters:
  Name: {Type: String, Default: x, AllowedPattern: '^[a-z]+$', ConstraintDescription: letters, MinLength: 1, MaxLength: '9'}
  Size: {Type: Number, Default: 128, AllowedValues: [128, 256], MinValue: 1, MaxValue: 999}
  Secret: {Type: String, NoEcho: true, Description: Not shown}
Resources:
  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: !Sub '${Name}-queue'}}
  Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: !Ref Name, DisplayName: !Ref Secret}}
",
    )
    .unwrap();
    let lines: Vec<_> = template.parameters().iter().map(Value::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    {"name":"Name","type":"String","defaultValue":"x","allowedPattern":"^[a-z]+$","constraintDescription":"letters","minLength":1,"maxLength":9,"referencedByResources":["Queue","Topic"]}
    {"name":"Size","type":"Number","defaultValue":"128","allowedValues":["128","256"],"minValue":1,"maxValue":999,"referencedByResources":[]}
    {"name":"Secret","type":"String","description":"Not shown","noEcho":true,"referencedByResources":["Topic"]}
    "#);
}

#[test]
fn what_sar_does_not_take_is_named() {
    let mut problems = Vec::new();
    let mut add = |pointer: &str, value: Value| {
        let text = problem(|document| {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            document.pointer_mut(parent).unwrap()[name] = value.clone();
        });
        problems.push(format!("{pointer} {value}\n  {text}"));
    };
    let function = "/Resources/McpFunction/Properties";
    add("/Surprise", json!({}));
    add("/Transform", json!(["AWS::LanguageExtensions", SAM]));
    add("/Transform", Value::Null);
    add("/Resources", json!({}));
    add("/Resources/Url", json!({"Type": "AWS::Lambda::Url"}));
    add("/Resources/Url", json!({"Type": "Custom::Mine"}));
    add(
        "/Metadata/AWS::ServerlessRepo::Application/Author",
        json!({"Ref": "StackIdentifier"}),
    );
    add(
        &format!("{function}/SnapStart"),
        json!({"ApplyOn": "PublishedVersions"}),
    );
    add(
        "/Globals/Function/LoggingConfig",
        json!({"LogFormat": "JSON"}),
    );
    add(&format!("{function}/PackageType"), json!("Image"));
    add(
        &format!("{function}/CodeUri"),
        json!("../target/lambda/mcp/"),
    );
    add(
        &format!("{function}/CodeUri"),
        json!({"Fn::Sub": "s3://b/${K}"}),
    );
    add(
        &format!("{function}/CodeUri"),
        json!({"Bucket": "b", "Key": "k"}),
    );
    add(
        &format!("{function}/Policies"),
        json!(["arn:aws:iam::aws:policy/AWSLambda_FullAccess"]),
    );
    for (action, resource) in [
        (json!("iam:*"), json!("*")),
        (json!(["s3:GetObject", "iam:PutRole*"]), json!(["*"])),
        (json!("*"), json!("*")),
        (json!("iam:PassRole"), json!("*")),
        (
            json!("iam:AttachRolePolicy"),
            json!("arn:aws:iam::000000000000:role/one"),
        ),
        (
            json!("iam:AttachRolePolicy"),
            json!("arn:aws:iam::000000000000:role/*"),
        ),
    ] {
        let statement = json!({"Effect": "Allow", "Action": action, "Resource": resource});
        add(
            &format!("{function}/Policies"),
            json!([{"Statement": [statement]}]),
        );
    }
    insta::assert_snapshot!(problems.join("\n"));
}

#[test]
fn capabilities_follow_from_the_resources() {
    let required = |kind: &str, properties: Value| {
        let document = json!({"Resources": {"It": {"Type": kind, "Properties": properties}}});
        capabilities::required(&document).join(" ")
    };
    let mut lines = Vec::new();
    for (kind, properties) in [
        ("AWS::IAM::Role", json!({})),
        ("AWS::IAM::Role", json!({"RoleName": "mine"})),
        ("AWS::IAM::Policy", json!({"PolicyName": "mine"})),
        ("AWS::Lambda::Permission", json!({})),
        ("AWS::Serverless::Application", json!({})),
        (
            "AWS::Serverless::Function",
            json!({"Policies": [{"VPCAccessPolicy": {}}]}),
        ),
        (
            "AWS::Serverless::Function",
            json!({"Policies": {"Fn::If": ["c", {"VPCAccessPolicy": {}}, {"Ref": "AWS::NoValue"}]}}),
        ),
        (
            "AWS::Serverless::Function",
            json!({"Policies": [{"Fn::If": ["c", "AWSLambdaExecute", {"Ref": "AWS::NoValue"}]}]}),
        ),
        (
            "AWS::Serverless::Function",
            json!({"Policies": "AWSLambdaExecute"}),
        ),
        (
            "AWS::Serverless::Function",
            json!({"Policies": [{"Statement": []}]}),
        ),
        (
            "AWS::Serverless::Function",
            json!({"Policies": [{"Version": "2012-10-17", "Statement": []}]}),
        ),
        (
            "AWS::Serverless::Function",
            json!({"FunctionUrlConfig": {"AuthType": "AWS_IAM"}}),
        ),
        (
            "AWS::Serverless::Function",
            json!({"FunctionUrlConfig": {"AuthType": "NONE"}}),
        ),
        (
            "AWS::Serverless::Function",
            json!({"Events": {"a": {"Type": "SQS"}}}),
        ),
        (
            "AWS::Serverless::Function",
            json!({"Events": {"a": {"Type": "Api"}}}),
        ),
    ] {
        let names = required(kind, properties.clone());
        lines.push(format!("{kind} {properties}: {names}"));
    }
    insta::assert_snapshot!(lines.join("\n"));
}
