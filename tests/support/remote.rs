//! Functions that do what the test says, while the test goes on: `puppet remote` and `puppet remote-stream`.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Where the function's invocations arrive.
#[derive(Debug)]
pub struct Remote {
    listener: TcpListener,
    address: SocketAddr,
}

/// One invocation, which waits for its answer.
#[derive(Debug)]
pub struct Invoked {
    /// What the function was sent.
    pub event: Value,
    stream: BufReader<TcpStream>,
}

impl Remote {
    /// On a free port.
    pub async fn new() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// What a puppet is told.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// The next invocation.
    pub async fn invoked(&self) -> Result<Invoked> {
        let (stream, _) = self.listener.accept().await?;
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let event = serde_json::from_str(&line).context("the event is not JSON")?;
        Ok(Invoked { event, stream })
    }
}

impl Invoked {
    /// Has the function write a line.
    pub async fn say(&mut self, line: &Value) -> Result<()> {
        let line = format!("{line}\n");
        self.stream.write_all(line.as_bytes()).await?;
        Ok(self.stream.flush().await?)
    }

    /// Has the function answer, and end its stream if it has one.
    pub async fn answer(mut self, answer: &Value) -> Result<()> {
        self.say(answer).await?;
        Ok(self.stream.shutdown().await?)
    }

    /// Waits until the function is gone.
    pub async fn gone(mut self) {
        let mut rest = String::new();
        // Reset or ended: either way it is gone.
        let _ = self.stream.read_line(&mut rest).await;
    }
}
