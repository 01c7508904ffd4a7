//! Questions to a person at a terminal.

use std::io::{self, Write as _};

use tokio::sync::oneshot;

/// Asks for a line, and answers it without the blanks around it.
pub fn line(question: &str) -> io::Result<String> {
    print!("{question}");
    io::stdout().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(answer.trim().to_owned())
}

/// Whether the answer to `question` is `y` or `yes`. Ctrl-C is a no, so that the caller can put away what it prepared.
pub async fn confirmed(question: &'static str) -> bool {
    let (sender, answer) = oneshot::channel();
    // A thread of its own, because nothing can end a read from the terminal but the end of the program.
    std::thread::spawn(move || sender.send(line(question)));
    tokio::select! {
        answer = answer => matches!(answer, Ok(Ok(answer)) if matches!(answer.as_str(), "y" | "Y" | "yes")),
        _ = tokio::signal::ctrl_c() => {
            crate::say!("");
            false
        }
    }
}
