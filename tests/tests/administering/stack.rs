//! Deployments that are named by their stack.

use anyhow::{Context, Result};
use local_cloud::Auth;
use support::TestCloud;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::administrator::Administrator;

/// A `CloudFormation` that knows one stack, by its name in full.
struct Stacks {
    listener: TcpListener,
    /// The stack's outputs, as XML.
    outputs: String,
}

impl Stacks {
    /// Answers every request there is, one connection for each.
    async fn serve(self) -> Result<()> {
        loop {
            let (stream, _) = self.listener.accept().await?;
            let mut stream = BufReader::new(stream);
            let body = request(&mut stream).await?;
            let (status, answer) = if body.contains("StackName=serverlessrepo-mcp&")
                || body.ends_with("StackName=serverlessrepo-mcp")
            {
                ("200 OK", self.found())
            } else {
                ("400 Bad Request", missing())
            };
            let length = answer.len();
            let head = format!(
                "HTTP/1.1 {status}\r\ncontent-type: text/xml\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(answer.as_bytes()).await?;
            stream.flush().await?;
        }
    }

    fn found(&self) -> String {
        format!(
            "<DescribeStacksResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><DescribeStacksResult>\
             <Stacks><member><StackName>serverlessrepo-mcp</StackName><CreationTime>2026-11-25T12:00:00Z</CreationTime>\
             <StackStatus>CREATE_COMPLETE</StackStatus><Outputs>{}</Outputs></member></Stacks>\
             </DescribeStacksResult></DescribeStacksResponse>",
            self.outputs
        )
    }
}

fn missing() -> String {
    "<ErrorResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><Error><Type>Sender</Type>\
     <Code>ValidationError</Code><Message>Stack with id other does not exist</Message></Error></ErrorResponse>"
        .to_owned()
}

/// The body of a request.
async fn request(stream: &mut BufReader<TcpStream>) -> Result<String> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(String::from_utf8(body)?)
}

fn output(name: &str, value: &str) -> String {
    format!("<member><OutputKey>{name}</OutputKey><OutputValue>{value}</OutputValue></member>")
}

#[tokio::test]
async fn a_stack_is_found_by_the_name_it_was_deployed_under() -> Result<()> {
    let cloud = TestCloud::start_with(|config| config.auth = Auth::Iam).await?;
    let admin = Administrator::new(&cloud, Some(cloud.cloud().credentials()))?;
    admin.write("catalog.yaml", "registrations: []\n")?;
    for (outputs, expected) in [
        (
            output("RegistrationFunctionUrl", &cloud.url("/")),
            [
                (Some(0), "nothing to do"),
                (Some(0), "nothing to do"),
                (
                    Some(1),
                    "there is no stack other, and no serverlessrepo-other, in region us-east-1",
                ),
            ],
        ),
        (
            output("McpFunctionUrl", &cloud.url("/")),
            [
                (
                    Some(1),
                    "stack serverlessrepo-mcp has no output RegistrationFunctionUrl",
                ),
                (Some(1), "has no output"),
                (Some(1), "there is no stack other"),
            ],
        ),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let serving = tokio::spawn(Stacks { listener, outputs }.serve());
        for (name, (code, words)) in ["mcp", "serverlessrepo-mcp", "other"].iter().zip(expected) {
            let words_of = ["plan", "--file", "catalog.yaml", "--stack", name];
            let ran = admin
                .offline(&words_of)
                .env("AWS_ENDPOINT_URL_CLOUDFORMATION", &endpoint)
                .env("AWS_REGION", "us-east-1")
                .output()
                .await
                .context("`cargo xtask test` builds the program")?;
            let said = String::from_utf8([ran.stdout, ran.stderr].concat())?;
            assert_eq!(ran.status.code(), code, "{name}: {said}");
            assert!(said.contains(words), "{name}: {said}");
        }
        serving.abort();
    }
    cloud.shutdown().await;
    Ok(())
}
