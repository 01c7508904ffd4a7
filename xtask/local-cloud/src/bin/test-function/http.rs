//! As much of an HTTP/1.1 client as the Runtime API needs, over one kept connection.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Error, Read, Result, Write};
use std::net::TcpStream;

/// An event as the Runtime API hands it out.
pub(crate) struct Event {
    id: String,
    /// The response's headers, names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) payload: Vec<u8>,
}

/// A connection to the Runtime API.
pub(crate) struct RuntimeApi {
    stream: BufReader<TcpStream>,
}

struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl RuntimeApi {
    pub(crate) fn connect() -> Result<Self> {
        let address = std::env::var("AWS_LAMBDA_RUNTIME_API").map_err(Error::other)?;
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    pub(crate) fn next(&mut self) -> Result<Event> {
        self.send("GET", "invocation/next", &[], None)?;
        let answer = self.receive()?;
        let id = answer.headers.get("lambda-runtime-aws-request-id").cloned();
        let id = id.ok_or_else(|| Error::other("no event"))?;
        Ok(Event {
            id,
            headers: answer.headers,
            payload: answer.body,
        })
    }

    /// The status that the path is answered with.
    pub(crate) fn get(&mut self, path: &str) -> Result<u16> {
        self.send("GET", path, &[], None)?;
        Ok(self.receive()?.status)
    }

    pub(crate) fn post(&mut self, path: &str, headers: &[(&str, &str)], body: &str) -> Result<u16> {
        self.send("POST", path, headers, Some(body))?;
        Ok(self.receive()?.status)
    }

    pub(crate) fn respond(&mut self, event: &Event, body: &str) -> Result<u16> {
        self.post(&format!("invocation/{}/response", event.id), &[], body)
    }

    pub(crate) fn error(&mut self, event: &Event, body: &str) -> Result<()> {
        let headers = [("Lambda-Runtime-Function-Error-Type", "Test.Error")];
        self.post(&format!("invocation/{}/error", event.id), &headers, body)
            .map(drop)
    }

    pub(crate) fn init_error(&mut self, body: &str) -> Result<()> {
        self.post(
            "init/error",
            &[("Lambda-Runtime-Function-Error-Type", "Test.Init")],
            body,
        )
        .map(drop)
    }

    pub(crate) fn begin_stream(&mut self, event: &Event, content_type: &str) -> Result<()> {
        let headers = [
            ("Content-Type", content_type),
            ("Lambda-Runtime-Function-Response-Mode", "streaming"),
            ("Transfer-Encoding", "chunked"),
            (
                "Trailer",
                "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body",
            ),
        ];
        self.send(
            "POST",
            &format!("invocation/{}/response", event.id),
            &headers,
            None,
        )
    }

    pub(crate) fn chunk(&mut self, bytes: &[u8]) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let stream = self.stream.get_mut();
        stream.write_all(format!("{:x}\r\n", bytes.len()).as_bytes())?;
        stream.write_all(bytes)?;
        stream.write_all(b"\r\n")
    }

    /// Ends the stream, with an error in its trailers if there is one.
    pub(crate) fn end_stream(&mut self, error: Option<(&str, &str)>) -> Result<()> {
        use base64::Engine;
        let trailers = error.map_or_else(String::new, |(error_type, body)| {
            let body = base64::prelude::BASE64_STANDARD.encode(body);
            format!("Lambda-Runtime-Function-Error-Type: {error_type}\r\nLambda-Runtime-Function-Error-Body: {body}\r\n")
        });
        self.stream
            .get_mut()
            .write_all(format!("0\r\n{trailers}\r\n").as_bytes())?;
        self.receive().map(drop)
    }

    fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> Result<()> {
        let mut head = format!("{method} /2018-06-01/runtime/{path} HTTP/1.1\r\nHost: runtime\r\n");
        for (name, value) in headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        if let Some(body) = body {
            head.extend(["Content-Length: ", &body.len().to_string(), "\r\n"]);
        }
        head.push_str("\r\n");
        head.push_str(body.unwrap_or_default());
        self.stream.get_mut().write_all(head.as_bytes())
    }

    fn receive(&mut self) -> Result<Answer> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(Error::other("the connection was closed"));
            }
            let line = line.trim_end().to_owned();
            if line.is_empty() {
                break;
            }
            lines.push(line);
        }
        let status = lines
            .first()
            .and_then(|line| line.split(' ').nth(1)?.parse().ok());
        let pairs = lines.iter().skip(1).filter_map(|line| line.split_once(':'));
        let headers: BTreeMap<_, _> = pairs
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let length = headers
            .get("content-length")
            .and_then(|length| length.parse().ok())
            .unwrap_or(0);
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(Answer {
            status: status.unwrap_or_default(),
            headers,
            body,
        })
    }
}
