//! The emulator of AWS: `ministack`, which checks signatures and IAM policies when it is told to.
//!
//! What is set up here is what an account has before anything is deployed: users with keys, and a function to be
//! registered as a tool. It is set up with bare requests, because the SDK crates for them would be compiled for minutes
//! and nothing that is released uses them.

use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use fs_err as fs;
use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::processes::Running;
use crate::signed::{Answer, Call, Http, Keys, REGION};

/// The account that the emulator has.
pub(crate) const ACCOUNT: &str = "000000000000";
/// Who may do everything; the emulator's own pair.
const ROOT: (&str, &str) = ("test", "test");

/// A running emulator.
#[derive(Debug)]
pub(crate) struct Emulator {
    pub(crate) port: u16,
    pub(crate) http: Http,
    root: Keys,
    _process: Running,
}

impl Emulator {
    /// Starts it on a free port.
    pub(crate) async fn start(program: &Path, folder: &Path) -> Result<Self> {
        // It takes no port of the system's choice, so one is chosen here and given back just before.
        let port = TcpListener::bind(("127.0.0.1", 0))
            .await?
            .local_addr()?
            .port();
        // It unpacks functions into the folder for temporary files, and is ended before it could tidy up.
        let temporary = folder.join("emulator");
        fs::create_dir_all(&temporary)?;
        let mut command = Command::new(program);
        command
            .current_dir(folder)
            .env("AUTH", "true")
            .env("GATEWAY_PORT", port.to_string())
            // It would listen on every network, and everybody knows the keys of its root user.
            .env("BIND_HOST", "127.0.0.1")
            .env("IOT_MTLS_ENABLED", "0")
            .env("TMPDIR", &temporary)
            .env("AWS_DEFAULT_REGION", REGION)
            // Functions get it, and find the emulator by it.
            .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"));
        let log = folder.join("emulator.log");
        let mut process = Running::start("the emulator", &mut command, &log)?;
        let http = Http::new();
        process
            .until(|| async {
                let health = Call {
                    port,
                    host: None,
                    method: Method::GET,
                    path: "/_ministack/health",
                    headers: &[],
                    body: String::new(),
                    service: "",
                    keys: None,
                };
                let answer = http.send(&health).await;
                answer.is_ok_and(|answer| answer.status.is_success())
            })
            .await?;
        Ok(Self {
            port,
            http,
            root: Keys {
                id: ROOT.0.to_owned(),
                secret: ROOT.1.to_owned(),
            },
            _process: process,
        })
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Makes a user and a pair of keys for it.
    pub(crate) async fn user(&self, name: &str) -> Result<Keys> {
        self.iam("CreateUser", &[("UserName", name)]).await?;
        let answer = self.iam("CreateAccessKey", &[("UserName", name)]).await?;
        let element = |tag: &str| {
            let (_, rest) = answer.split_once(&format!("<{tag}>"))?;
            rest.split_once('<').map(|(value, _)| value.to_owned())
        };
        match (element("AccessKeyId"), element("SecretAccessKey")) {
            (Some(id), Some(secret)) => Ok(Keys { id, secret }),
            _ => bail!("CreateAccessKey answered no keys"),
        }
    }

    /// Gives a user a policy.
    pub(crate) async fn allow(&self, user: &str, policy: &Value) -> Result<()> {
        let document = policy.to_string();
        let parameters = [
            ("UserName", user),
            ("PolicyName", "rehearsal"),
            ("PolicyDocument", &document),
        ];
        self.iam("PutUserPolicy", &parameters).await.map(drop)
    }

    /// Deploys a function, as the author of a tool does.
    pub(crate) async fn function(&self, name: &str, source: &str) -> Result<String> {
        let trust = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Principal": { "Service": "lambda.amazonaws.com" },
            "Action": "sts:AssumeRole",
        }] })
        .to_string();
        let role = [("RoleName", name), ("AssumeRolePolicyDocument", &trust)];
        self.iam("CreateRole", &role).await?;
        let body = json!({
            "FunctionName": name,
            "Runtime": "python3.12",
            "Handler": "tool.handler",
            "Role": format!("arn:aws:iam::{ACCOUNT}:role/{name}"),
            "Code": { "ZipFile": BASE64.encode(zipped("tool.py", source)?) },
        });
        let json = [("content-type", "application/json")];
        self.post("lambda", "/2015-03-31/functions", &json, body.to_string())
            .await?;
        Ok(format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"))
    }

    /// What a function has logged.
    pub(crate) async fn log_of(&self, function: &str) -> Result<String> {
        let body = json!({ "logGroupName": format!("/aws/lambda/{function}") });
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", "Logs_20140328.FilterLogEvents"),
        ];
        let answer = self.post("logs", "/", &headers, body.to_string()).await?;
        let events = answer.json()?["events"].take();
        let messages = events.as_array().into_iter().flatten();
        let lines: Vec<_> = messages
            .filter_map(|event| event["message"].as_str())
            .map(str::trim_end)
            .collect();
        Ok(lines.join("\n"))
    }

    async fn iam(&self, action: &str, parameters: &[(&str, &str)]) -> Result<String> {
        let mut form = format!("Action={action}&Version=2010-05-08");
        for (name, value) in parameters {
            let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
            for part in ["&", name, "=", &value.to_string()] {
                form.push_str(part);
            }
        }
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let answer = self
            .post("iam", "/", &headers, form)
            .await
            .context(action.to_owned())?;
        Ok(String::from_utf8_lossy(&answer.body).into_owned())
    }

    /// A request of who may do everything; it has to succeed.
    async fn post(
        &self,
        service: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<Answer> {
        let answer = self
            .http
            .send(&Call {
                port: self.port,
                host: None,
                method: Method::POST,
                path,
                headers,
                body,
                service,
                keys: Some(&self.root),
            })
            .await?;
        ensure!(
            answer.status.is_success(),
            "{service}: {} {}",
            answer.status,
            answer.text()
        );
        Ok(answer)
    }
}

fn zipped(name: &str, content: &str) -> Result<Vec<u8>> {
    use std::io::Write as _;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file(name, zip::write::SimpleFileOptions::default())?;
    zip.write_all(content.as_bytes())?;
    Ok(zip.finish()?.into_inner())
}
