//! NDJSON frames, as a streaming function writes them, out of chunks that end anywhere.

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value, value::RawValue};
use std::time::Duration;

/// What ends the prelude of a streamed HTTP answer, which is JSON and so holds no NUL.
/// <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html#runtimes-custom-response-streaming>
const PRELUDE_END: &[u8] = &[0; 8];

/// Longest line, and longest answer that isn't framed: as much as Lambda passes on without streaming.
const LINE_AT_MOST: usize = 6 * 1024 * 1024;
/// How soon a client that was let go comes back, unless its function says otherwise, and at most.
const RETRY: Duration = Duration::from_secs(1);
const RETRY_AT_MOST: Duration = Duration::from_mins(1);

/// One thing a streaming function says.
#[derive(Debug)]
pub enum Frame {
    /// How far it is.
    Progress(Progress),
    /// Something for the client's log.
    Log(LogMessage),
    /// It will be a while: a client that can come back for the rest need not hold its connection meanwhile.
    Detach {
        /// How soon the client should come back.
        retry: Duration,
    },
    /// Its answer, as a function that doesn't stream returns it.
    Result(Box<RawValue>),
}

/// How far a function is. Source: MCP, "Progress".
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// Grows from frame to frame.
    pub progress: Number,
    /// What it grows to, if known.
    pub total: Option<Number>,
    /// What is being done.
    pub message: Option<String>,
}

/// Something for the client's log. Source: MCP, "Logging".
#[derive(Debug, Clone, PartialEq)]
pub struct LogMessage {
    /// How severe it is.
    pub level: LogLevel,
    /// Who says it.
    pub logger: Option<String>,
    /// Any JSON.
    pub data: Value,
}

/// How severe a log message is, the least severe first. Source: MCP, "Logging", "Log levels".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "syslog's names, from RFC 5424")]
pub enum LogLevel {
    Debug,
    Info,
    Notice,
    Warning,
    Error,
    Critical,
    Alert,
    Emergency,
}

/// Why a stream can't be understood.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// A line is no frame.
    #[error(
        "line {0} of its stream is not a frame (`type` progress with a number `progress`, log with a `level`, detach, or result)"
    )]
    NotAFrame(usize, #[source] Option<serde_json::Error>),
    /// A line, or the whole of a stream without frames, is larger than 6 MB.
    #[error("line {0} of its stream is larger than 6 MB")]
    TooLong(usize),
    /// The stream ended before a result.
    #[error("its stream ended without a result")]
    NoResult,
}

/// Cuts a stream into frames.
///
/// A stream whose first line that isn't empty is no frame is one whole answer: so a function that just returns works
/// with `"stream": true` as well. A prelude of status and headers before it is passed over: runtime libraries that know
/// streams only as HTTP answers, as `lambda_runtime` does, always write one.
#[derive(Debug, Default)]
pub struct FrameReader {
    buffer: Vec<u8>,
    /// Where in the buffer the next line begins, and up to where it was searched for its end.
    start: usize,
    searched: usize,
    line: usize,
    mode: Mode,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Mode {
    #[default]
    Undecided,
    Frames,
    Whole,
}

impl FrameReader {
    /// Takes the next bytes; the frames they complete are then had from [`FrameReader::next_frame`].
    pub fn push(&mut self, chunk: &[u8]) {
        if self.start > 0 && self.mode != Mode::Whole {
            self.buffer.drain(..self.start);
            self.searched -= self.start;
            self.start = 0;
        }
        self.buffer.extend_from_slice(chunk);
    }

    /// The next complete frame, or none until more is pushed.
    ///
    /// # Errors
    ///
    /// The stream can't be understood from here on.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        while self.mode != Mode::Whole {
            let rest = self.buffer.get(self.searched..).unwrap_or_default();
            let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
                self.searched = self.buffer.len();
                break;
            };
            let line = self.start..self.searched + end;
            let next = self.searched + end + 1;
            self.line += 1;
            if line.len() > LINE_AT_MOST {
                return Err(FrameError::TooLong(self.line));
            }
            let read = self.read(line.start, line.end);
            if self.mode == Mode::Whole {
                break;
            }
            self.start = next;
            self.searched = next;
            if let Some(frame) = read? {
                return Ok(Some(frame));
            }
        }
        if self.buffer.len() - self.start > LINE_AT_MOST {
            return Err(FrameError::TooLong(self.line + 1));
        }
        Ok(None)
    }

    /// What is left when the stream has ended: its last line without a line break, or the whole of it as its answer.
    ///
    /// # Errors
    ///
    /// There is no result.
    pub fn finish(mut self) -> Result<Finished, FrameError> {
        if self.mode != Mode::Whole && self.start < self.buffer.len() {
            self.line += 1;
            let read = self.read(self.start, self.buffer.len());
            if self.mode == Mode::Frames {
                return match read? {
                    Some(frame @ Frame::Result(_)) => Ok(Finished::Frame(frame)),
                    _ => Err(FrameError::NoResult),
                };
            }
        }
        match self.mode {
            Mode::Frames => Err(FrameError::NoResult),
            Mode::Undecided | Mode::Whole => {
                self.buffer.drain(..self.start);
                Ok(Finished::Whole(self.buffer))
            }
        }
    }

    /// Reads one line and decides with the first one what the stream is.
    fn read(&mut self, start: usize, end: usize) -> Result<Option<Frame>, FrameError> {
        let mut line = &self.buffer[start..end];
        if self.mode == Mode::Undecided
            && let Some(prelude) = prelude_of(line)
        {
            self.start = start + prelude;
            line = &line[prelude..];
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            return Ok(None);
        }
        let read = Frame::parse(line, self.line);
        if self.mode == Mode::Undecided {
            self.mode = if read.is_ok() || has_known_type(line) {
                Mode::Frames
            } else {
                Mode::Whole
            };
        }
        read.map(Some)
    }
}

/// How a stream ended that had not given its result before.
#[derive(Debug)]
pub enum Finished {
    /// With a result on its last line.
    Frame(Frame),
    /// It had no frames: this is the answer.
    Whole(Vec<u8>),
}

#[derive(Deserialize)]
struct Line {
    r#type: String,
    progress: Option<Number>,
    total: Option<Number>,
    message: Option<String>,
    level: Option<LogLevel>,
    logger: Option<String>,
    #[serde(default)]
    data: Value,
    #[serde(rename = "retryMs")]
    retry_ms: Option<u64>,
    result: Option<Box<RawValue>>,
}

/// How many bytes of the line are a prelude, with what ends it.
fn prelude_of(line: &[u8]) -> Option<usize> {
    let found = line
        .windows(PRELUDE_END.len())
        .position(|bytes| bytes == PRELUDE_END)?;
    Some(found + PRELUDE_END.len())
}

fn has_known_type(line: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Typed {
        r#type: String,
    }
    serde_json::from_slice::<Typed>(line).is_ok_and(|line| {
        matches!(
            line.r#type.as_str(),
            "progress" | "log" | "detach" | "result"
        )
    })
}

impl Frame {
    fn parse(line: &[u8], number: usize) -> Result<Self, FrameError> {
        let line: Line = serde_json::from_slice(line)
            .map_err(|error| FrameError::NotAFrame(number, Some(error)))?;
        match (line.r#type.as_str(), line.progress, line.level) {
            ("progress", Some(progress), _) => Ok(Self::Progress(Progress {
                progress,
                total: line.total,
                message: line.message,
            })),
            ("log", _, Some(level)) => Ok(Self::Log(LogMessage {
                level,
                logger: line.logger,
                data: line.data,
            })),
            ("detach", ..) => Ok(Self::Detach {
                retry: line
                    .retry_ms
                    .map_or(RETRY, Duration::from_millis)
                    .min(RETRY_AT_MOST),
            }),
            ("result", ..) => Ok(Self::Result(
                line.result.unwrap_or_else(|| RawValue::NULL.to_owned()),
            )),
            _ => Err(FrameError::NotAFrame(number, None)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::fmt::Write as _;

    /// Everything a reader makes of chunks, as text.
    fn read<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> String {
        let mut reader = FrameReader::default();
        let mut seen = String::new();
        for chunk in chunks {
            reader.push(chunk);
            loop {
                match reader.next_frame() {
                    Ok(Some(frame)) => writeln!(seen, "{frame:?}").unwrap(),
                    Ok(None) => break,
                    Err(error) => return seen + &error.to_string(),
                }
            }
        }
        match reader.finish() {
            Ok(Finished::Frame(frame)) => writeln!(seen, "last {frame:?}").unwrap(),
            Ok(Finished::Whole(whole)) => {
                writeln!(seen, "whole {:?}", String::from_utf8_lossy(&whole)).unwrap();
            }
            Err(error) => seen += &error.to_string(),
        }
        seen
    }

    const FRAMES: &str = concat!(
        "\r\n{\"type\":\"progress\",\"progress\":1,\"total\":3,\"message\":\"über\"}\n",
        "\n{\"type\":\"log\",\"level\":\"info\",\"logger\":\"l\",\"data\":{\"a\":1}}\r\n",
        "{\"type\":\"detach\",\"retryMs\":500}\n",
        "{\"type\":\"result\",\"result\":{\"b\":[1.50]}}"
    );

    #[test]
    fn frames_are_read() {
        insta::assert_snapshot!(read([FRAMES.as_bytes()]), @r##"
        Progress(Progress { progress: Number(1), total: Some(Number(3)), message: Some("über") })
        Log(LogMessage { level: Info, logger: Some("l"), data: Object {"a": Number(1)} })
        Detach { retry: 500ms }
        last Result(RawValue({"b":[1.50]}))
        "##);
    }

    #[test]
    fn a_prelude_is_passed_over() {
        let after_prelude = |rest: &str| {
            let prelude = "{\"statusCode\":200,\"headers\":{},\"cookies\":[]}\0\0\0\0\0\0\0\0";
            read([prelude.as_bytes(), rest.as_bytes()])
        };
        assert_eq!(
            after_prelude(FRAMES.trim_start()),
            read([FRAMES.as_bytes()])
        );
        insta::assert_snapshot!(after_prelude("{\n  \"a\": 1\n}"), @r##"whole "{\n  \"a\": 1\n}""##);
        insta::assert_snapshot!(after_prelude(""), @r##"whole """##);
    }

    #[test]
    fn what_does_not_begin_with_a_frame_is_one_answer() {
        insta::assert_snapshot!(read([b"{\n  \"a\": 1\n}\n".as_slice()]), @r##"whole "{\n  \"a\": 1\n}\n""##);
        insta::assert_snapshot!(read([b"{\"type\":\"text\"}\n{\"type\":\"result\"}\n".as_slice()]), @r##"whole "{\"type\":\"text\"}\n{\"type\":\"result\"}\n""##);
        insta::assert_snapshot!(read([b"".as_slice()]), @r##"whole """##);
    }

    #[test]
    fn a_broken_stream_says_where() {
        insta::assert_snapshot!(read([b"{\"type\":\"progress\",\"progress\":1}\nnonsense\n".as_slice()]), @r##"
        Progress(Progress { progress: Number(1), total: None, message: None })
        line 2 of its stream is not a frame (`type` progress with a number `progress`, log with a `level`, detach, or result)
        "##);
        insta::assert_snapshot!(read([b"{\"type\":\"progress\",\"progress\":\"1\"}\n".as_slice()]), @"line 1 of its stream is not a frame (`type` progress with a number `progress`, log with a `level`, detach, or result)");
        insta::assert_snapshot!(read([b"{\"type\":\"progress\",\"progress\":1}\n{\"type\":\"lo".as_slice()]), @r##"
        Progress(Progress { progress: Number(1), total: None, message: None })
        line 2 of its stream is not a frame (`type` progress with a number `progress`, log with a `level`, detach, or result)
        "##);
        insta::assert_snapshot!(read([b"{\"type\":\"progress\",\"progress\":1}\n".as_slice()]), @r##"
        Progress(Progress { progress: Number(1), total: None, message: None })
        its stream ended without a result
        "##);
    }

    #[test]
    fn a_line_has_its_limit_whether_it_ends_or_not() {
        let mut line =
            b"{\"type\":\"progress\",\"progress\":1}\n{\"type\":\"log\",\"data\":\"".to_vec();
        line.resize(LINE_AT_MOST + 100, b'x');
        assert!(read([line.as_slice()]).ends_with("line 2 of its stream is larger than 6 MB"));
        line.push(b'\n');
        assert!(read([line.as_slice()]).ends_with("line 2 of its stream is larger than 6 MB"));
        assert!(read(line.chunks(65_536)).ends_with("line 2 of its stream is larger than 6 MB"));
    }

    proptest! {
        #[test]
        fn where_chunks_end_makes_no_difference(
            text in prop_oneof![Just(FRAMES.to_owned()), Just("{\n\"a\":1\n}".to_owned()), "[ -~\n]{0,60}"],
            size in 1_usize..20,
        ) {
            prop_assert_eq!(read(text.as_bytes().chunks(size)), read([text.as_bytes()]));
        }
    }
}
