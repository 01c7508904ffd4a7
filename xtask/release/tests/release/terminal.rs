//! A terminal with somebody at it who answers questions.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::Stdio;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use tokio::process::Command;

/// How a conversation ended.
pub(crate) struct Conversation {
    pub(crate) code: Option<i32>,
    /// Everything on the screen, the answers included.
    pub(crate) text: String,
}

/// Runs `command` at a terminal. Each of `answers` is typed when the text before it has appeared.
pub(crate) async fn talk(mut command: Command, answers: &[(&str, &str)]) -> Conversation {
    let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&controller).unwrap();
    unlockpt(&controller).unwrap();
    let name = ptsname(&controller, Vec::new()).unwrap();
    let terminal = || -> Stdio {
        let flags = OpenptFlags::NOCTTY.bits().cast_signed();
        let name = OsString::from_vec(name.to_bytes().to_vec());
        let mut options = OpenOptions::new();
        let file = options
            .read(true)
            .write(true)
            .custom_flags(flags)
            .open(name);
        file.unwrap().into()
    };
    command
        .stdin(terminal())
        .stdout(terminal())
        .stderr(terminal());
    let mut child = command.spawn().unwrap();
    // Its own ends of the terminal would keep it open.
    drop(command);

    let answers: Vec<_> = answers
        .iter()
        .map(|(question, answer)| ((*question).to_owned(), (*answer).to_owned()))
        .collect();
    let screen = tokio::task::spawn_blocking(move || screen(controller.into(), answers));
    let text = screen.await.unwrap();
    Conversation {
        code: child.wait().await.unwrap().code(),
        text: text.replace("\r\n", "\n"),
    }
}

/// What appears until the last program at the terminal has ended.
fn screen(mut terminal: File, answers: Vec<(String, String)>) -> String {
    let mut answers = answers.into_iter().peekable();
    let mut text = String::new();
    let mut seen = 0;
    let mut bytes = [0; 4096];
    loop {
        // Linux ends a terminal without programs by an error.
        let count = match terminal.read(&mut bytes) {
            Ok(0) | Err(_) => return text,
            Ok(count) => count,
        };
        text.push_str(&String::from_utf8_lossy(&bytes[..count]));
        let found = |question: &String| text[seen..].find(question.as_str());
        if let Some(at) = answers.peek().and_then(|(question, _)| found(question)) {
            let (question, answer) = answers.next().unwrap();
            seen += at + question.len();
            writeln!(terminal, "{answer}").unwrap();
        }
    }
}
