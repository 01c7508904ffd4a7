//! What is rehearsed: publish, deploy, register, use, change, and take down.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::Args;
use crate::commands::{Commands, with_keys, without_aws};
use crate::emulator::{ACCOUNT, Emulator};
use crate::other_clients;
use crate::processes::Running;
use crate::shell::Shell;
use crate::signed::{Answer, Call, Http, Keys};
use crate::steps::step;
use crate::users::Users;

/// The tool, as its author writes it.
const TOOL: &str = r#"
def handler(event, context):
    return {"greeting": "Hello, " + event["args"]["name"] + "!"}
"#;
const TOOL_NAME: &str = "mcp-tool-greeting";
const MODERN: &str = "2026-07-28";
const LEGACY: &str = "2025-11-25";

/// A deployed stack.
struct Deployed {
    mcp: String,
    registration: String,
    permissions: Value,
}

/// Rehearses everything; whatever was started ends with it.
pub(crate) async fn run(args: &Args) -> Result<()> {
    let Args {
        programs,
        emulator,
        bundle,
        folder,
        ..
    } = args;
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    let emulator = step(
        "start the emulator, IAM enforced",
        Emulator::start(emulator, folder),
    )
    .await?;
    let users = step("make users and a tool's function", async {
        emulator.function(TOOL_NAME, TOOL).await?;
        Users::make(&emulator, &args.checkout).await
    })
    .await?;
    let data = folder.join("cloud");
    let cloud = local_cloud(programs, &emulator, &users.owner, folder, &data);
    let _cloud = step("start the local repository", cloud).await?;
    let commands = Commands {
        program: programs.join("release"),
        endpoints: data.join("endpoints.json"),
        folder: folder.to_owned(),
        keys: users.deployer.clone(),
    };
    // The programs started here don't all run in the same folder.
    let bundle_folder = fs::canonicalize(bundle)?;
    let bundle = bundle_folder
        .to_str()
        .context("the bundle's path is not UTF-8")?;
    publish(&commands, bundle).await?;
    let shell = Shell {
        checkout: &args.checkout,
        bundle: &bundle_folder,
        tools: &args.tools,
        endpoints: &commands.endpoints,
        emulator: &emulator,
        keys: &users.owner,
        folder,
    };
    let used = async {
        other_clients::run(&shell, &commands).await?;
        use_it(&commands, &emulator, &users, &bundle_folder).await
    }
    .await;
    for function in ["default-mcp", "default-mcp-registration"] {
        // They are for whoever looks for a cause, and must not hide it.
        let log = emulator.log_of(function).await.unwrap_or_default();
        fs::write(folder.join(format!("{function}.log")), log)?;
    }
    used
}

/// Deploys what was published, and uses it.
async fn use_it(
    commands: &Commands,
    emulator: &Emulator,
    users: &Users,
    bundle: &Path,
) -> Result<()> {
    let first = step("deploy a stack", deploy(commands, "first", &[])).await?;
    grant(emulator, &first).await?;
    let server = Server {
        emulator,
        stack: &first,
        users,
    };
    step("register the tool, as its administrator", server.register()).await?;
    step(
        "use the tool with revision 2026-07-28",
        server.use_tool(MODERN),
    )
    .await?;
    step(
        "use the tool with revision 2025-11-25",
        server.use_tool(LEGACY),
    )
    .await?;
    step("refuse everybody else", server.refuse_others()).await?;

    network(commands, emulator, bundle).await?;
    let second = step(
        "deploy a second stack beside it",
        deploy(commands, "second", &["StackIdentifier=second"]),
    )
    .await?;
    ensure!(
        second.mcp != first.mcp,
        "both stacks have the same function URL"
    );
    step(
        "change the first stack",
        deploy(commands, "first", &["LogLevel=debug"]),
    )
    .await?;
    step("use the changed stack", server.use_tool(MODERN)).await?;
    for name in ["first", "second"] {
        let title = format!("take the stack {name} down");
        step(&title, take_down(commands, name)).await?;
    }
    step("the URL is gone", server.is_gone()).await
}

async fn local_cloud(
    programs: &Path,
    emulator: &Emulator,
    owner: &Keys,
    folder: &Path,
    data: &Path,
) -> Result<Running> {
    let mut command = Command::new(programs.join("local-cloud"));
    command
        .args(["--port", "0", "--no-sample", "--format", "json", "--data"])
        .arg(data)
        .args(["--cloudformation-endpoint", &emulator.url()]);
    without_aws(&mut command);
    with_keys(&mut command, owner);
    let log = folder.join("local-cloud.log");
    let mut cloud = Running::start("the local cloud", &mut command, &log)?;
    let endpoints = data.join("endpoints.json");
    cloud.until(|| async { endpoints.exists() }).await?;
    Ok(cloud)
}

async fn publish(commands: &Commands, bundle: &str) -> Result<()> {
    let publish = ["publish", "--bundle", bundle];
    step("publish", async {
        let arguments = [&publish[..], &["--yes"]].concat();
        commands.run("publish", &arguments, 0).await.map(drop)
    })
    .await?;
    step("publishing again writes nothing", async {
        // Exit code 3 would say that there is something to write.
        let arguments = [&publish[..], &["--plan"]].concat();
        commands.run("publish-again", &arguments, 0).await.map(drop)
    })
    .await?;
    step("compare what is served, byte by byte", async {
        let arguments = ["verify", "--bundle", bundle];
        commands.run("verify", &arguments, 0).await.map(drop)
    })
    .await
}

async fn deploy(commands: &Commands, name: &str, parameters: &[&str]) -> Result<Deployed> {
    let mut arguments = vec!["deploy", "--stack-name", name, "--yes"];
    for parameter in parameters {
        arguments.extend(["--parameter", parameter]);
    }
    let outcome = commands.json(&format!("deploy-{name}"), &arguments).await?;
    ensure!(
        outcome["status"] == "deployed",
        "deployed nothing: {}",
        outcome["status"]
    );
    let host = |output: &str| {
        let url = outcome["outputs"][output].as_str().unwrap_or_default();
        let host = url.split_once("://").map_or(url, |(_, host)| host);
        host.trim_end_matches('/').to_owned()
    };
    Ok(Deployed {
        mcp: host("McpFunctionUrl"),
        registration: host("RegistrationFunctionUrl"),
        permissions: outcome["permissions"].clone(),
    })
}

/// Gives administrator and client what the deployment says they need, and nothing more.
async fn grant(emulator: &Emulator, stack: &Deployed) -> Result<()> {
    for user in ["administrator", "client"] {
        emulator.allow(user, &stack.permissions[user]).await?;
    }
    Ok(())
}

/// A VPC is attached when it is complete, and refused by the template's rule, before anything is made, when it is not.
async fn network(commands: &Commands, emulator: &Emulator, bundle: &Path) -> Result<()> {
    let vpc = [
        "StackIdentifier=network",
        "VpcEnabled=true",
        "VpcId=vpc-12345678",
        "SubnetIds=subnet-12345678",
    ];
    step("deploy into a VPC", deploy(commands, "network", &vpc)).await?;
    step(
        "take the stack network down",
        take_down(commands, "network"),
    )
    .await?;
    step("refuse a VPC without subnets", async {
        let endpoints: Value = serde_json::from_slice(&fs::read(&commands.endpoints)?)?;
        let url = endpoints["serverlessrepoEndpoint"].as_str();
        let port = url.and_then(|url| url.rsplit_once(':')?.1.parse().ok());
        let name = application_name(bundle)?;
        let application =
            format!("arn%3Aaws%3Aserverlessrepo%3Aus-east-1%3A{ACCOUNT}%3Aapplications%2F{name}");
        let values = [("StackIdentifier", "broken"), ("VpcEnabled", "true")];
        let values = values.map(|(name, value)| json!({ "name": name, "value": value }));
        let body = json!({ "stackName": "broken", "parameterOverrides": values });
        let answer = emulator
            .http
            .send(&Call {
                port: port.context("the local cloud has no repository")?,
                host: None,
                method: Method::POST,
                path: &format!("/applications/{application}/changesets"),
                headers: &[("content-type", "application/json")],
                body: body.to_string(),
                service: "serverlessrepo",
                keys: Some(&commands.keys),
            })
            .await?;
        ensure!(
            answer.status == StatusCode::BAD_REQUEST && answer.text().contains("is needed"),
            "the change set was not refused for the missing subnets: {} {}",
            answer.status,
            answer.text()
        );
        Ok(())
    })
    .await
}

/// The application's name, as the bundle says it.
fn application_name(bundle: &Path) -> Result<String> {
    let manifest: Value = serde_json::from_slice(&fs::read(bundle.join("manifest.json"))?)?;
    let name = manifest["metadata"]["name"].as_str().map(str::to_owned);
    name.context("the bundle names no application")
}

pub(crate) async fn take_down(commands: &Commands, name: &str) -> Result<()> {
    let arguments = ["deploy", "--delete", "--stack-name", name, "--yes"];
    let outcome = commands.json(&format!("delete-{name}"), &arguments).await?;
    let retained = outcome["retained"].as_array();
    let is_told = retained.is_some_and(|retained| {
        retained
            .iter()
            .any(|resource| resource["logicalId"] == "RegistrationTable")
    });
    ensure!(
        outcome["status"] == "removed" && is_told,
        "the stack is not gone, or nothing says that its registrations are kept: {outcome}"
    );
    Ok(())
}

/// A deployed server and the people around it.
struct Server<'a> {
    emulator: &'a Emulator,
    stack: &'a Deployed,
    users: &'a Users,
}

impl Server<'_> {
    fn http(&self) -> &Http {
        &self.emulator.http
    }

    async fn register(&self) -> Result<()> {
        let body = json!({
            "type": "tool",
            "name": "greeting",
            "description": "Greets somebody",
            "lambdaArn": format!("arn:aws:lambda:us-east-1:{ACCOUNT}:function:{TOOL_NAME}"),
            "inputSchema": {
                "type": "object",
                "properties": { "name": { "type": "string" } },
                "required": ["name"],
            },
        });
        let answer = self
            .call_registration(Some(&self.users.administrator), &body)
            .await?;
        ensure!(
            answer.status == StatusCode::CREATED,
            "{} {}",
            answer.status,
            answer.text()
        );
        Ok(())
    }

    async fn call_registration(&self, keys: Option<&Keys>, body: &Value) -> Result<Answer> {
        self.http()
            .send(&Call {
                port: self.emulator.port,
                host: Some(&self.stack.registration),
                method: Method::POST,
                path: "/register",
                headers: &[("content-type", "application/json")],
                body: body.to_string(),
                service: "lambda",
                keys,
            })
            .await
    }

    async fn call_mcp(
        &self,
        keys: Option<&Keys>,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Result<Answer> {
        let mut all = vec![
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
        ];
        all.extend(headers);
        self.http()
            .send(&Call {
                port: self.emulator.port,
                host: Some(&self.stack.mcp),
                method: Method::POST,
                path: "/mcp",
                headers: &all,
                body: body.to_string(),
                service: "lambda",
                keys,
            })
            .await
    }

    async fn use_tool(&self, revision: &str) -> Result<()> {
        let keys = Some(&self.users.client);
        let mut params = json!({ "name": "greeting", "arguments": { "name": "Ada" } });
        let mut session = None;
        if revision == MODERN {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": revision,
                "io.modelcontextprotocol/clientCapabilities": {},
            });
        } else {
            let hello = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
                "protocolVersion": revision,
                "capabilities": {},
                "clientInfo": { "name": "rehearsal", "version": "0" },
            } });
            let answer = self.call_mcp(keys, &[], &hello).await?;
            let agreed = answer.json()?["result"]["protocolVersion"].clone();
            ensure!(agreed == revision, "initialize: {}", answer.text());
            session = answer.session;
        }
        let mut headers = vec![("mcp-protocol-version", revision)];
        if revision == MODERN {
            headers.extend([("mcp-method", "tools/call"), ("mcp-name", "greeting")]);
        }
        if let Some(session) = &session {
            headers.push(("mcp-session-id", session));
        }
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
        let answer = self.call_mcp(keys, &headers, &call).await?;
        let greeting = answer.json()?["result"]["structuredContent"]["greeting"].clone();
        ensure!(
            greeting == "Hello, Ada!",
            "{} {}",
            answer.status,
            answer.text()
        );
        Ok(())
    }

    /// Strangers and unsigned requests reach nothing, and a client does not reach the registration.
    async fn refuse_others(&self) -> Result<()> {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
        for keys in [None, Some(&self.users.stranger)] {
            let mcp = self.call_mcp(keys, &[], &body).await?;
            let registration = self.call_registration(keys, &json!({})).await?;
            for answer in [mcp, registration] {
                ensure!(
                    answer.status == StatusCode::FORBIDDEN,
                    "a stranger got {} {}",
                    answer.status,
                    answer.text()
                );
            }
        }
        let client = Some(&self.users.client);
        let answer = self.call_registration(client, &json!({})).await?;
        ensure!(
            answer.status == StatusCode::FORBIDDEN,
            "a client could register: {} {}",
            answer.status,
            answer.text()
        );
        Ok(())
    }

    async fn is_gone(&self) -> Result<()> {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
        let answer = self.call_mcp(Some(&self.users.client), &[], &body).await?;
        ensure!(
            answer.status.is_client_error(),
            "the function still answers: {}",
            answer.status
        );
        Ok(())
    }
}
