use super::*;

fn built_in(parameters: &[(&str, &str)]) -> Application {
    let parameters = parameters
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Application::load(None, &parameters).unwrap()
}

#[test]
fn the_template_says_what_runs_locally() {
    let application = built_in(&[]);
    insta::assert_debug_snapshot!(application);
}

#[test]
fn parameters_reach_the_functions() {
    let application = built_in(&[
        ("StackIdentifier", "team"),
        ("AllowedOrigins", "https://a.example, https://b.example"),
        ("ReservedConcurrency", "7"),
        ("McpMemorySize", "1024"),
    ]);
    let mcp = application.function("McpFunction").unwrap();
    assert_eq!(mcp.name, "team-mcp");
    assert_eq!(mcp.memory_mb, 1024);
    assert_eq!(mcp.reserved_concurrency, Some(7));
    assert_eq!(
        mcp.environment["ALLOWED_ORIGINS"],
        "https://a.example,https://b.example"
    );
}

#[test]
fn what_can_not_be_resolved_is_named() {
    let problem = |text: &str| {
        Application::parse(text, &BTreeMap::new())
            .unwrap_err()
            .to_string()
    };
    let function = |timeout: &str| {
        problem(&format!(
            "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      CodeUri: a/b/\n      Timeout: {timeout}\n"
        ))
    };
    insta::assert_snapshot!(function("soon"), @"Resources.F.Properties.Timeout: must be a whole number");
    insta::assert_snapshot!(function("{'Ref': Nothing}"), @"Resources.Nothing: there is no such resource");
    insta::assert_snapshot!(function("{'Fn::ImportValue': x}"), @"Resources.F.Properties.Timeout: Fn::ImportValue is not understood here");
    insta::assert_snapshot!(function("{'Fn::If': [C, 1, 2]}"), @"Resources.F.Properties.Timeout: there is no condition C");
    insta::assert_snapshot!(problem("Parameters:\n  P:\n    Type: String\n"), @"Parameters.P: has no default and was not given");
    let unknown = BTreeMap::from([("Nope".to_owned(), String::new())]);
    let error = Application::load(None, &unknown).unwrap_err().to_string();
    insta::assert_snapshot!(error, @"Parameters: there is no parameter Nope");
}

#[test]
fn substitution_knows_names_attributes_and_literals() {
    let text = r"
Parameters:
  P: {Type: String, Default: p}
Resources:
  T: {Type: 'AWS::DynamoDB::Table', Properties: {TableName: {'Fn::Sub': 'x-${P}-${!P}-${AWS::Region}-${F.Arn}'}}}
  F: {Type: 'AWS::Serverless::Function', Properties: {CodeUri: a/f/}}
";
    let application = Application::parse(text, &BTreeMap::new()).unwrap();
    assert_eq!(
        application.tables[0].name,
        "x-p-${P}-us-east-1-arn:aws:lambda:us-east-1:000000000000:function:F"
    );
    assert_eq!(application.functions[0].binary, "f");
}
