//! Printing to who may have stopped reading.

/// Prints a line to standard output. Nobody reading it any more (`| head`) is no reason to leave work half done, as
/// `println!` would by its panic.
#[macro_export]
macro_rules! say {
    ($($argument:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($argument)*);
    }};
}
