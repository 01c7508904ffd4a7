//! Names that nobody can guess.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::rand::{SecureRandom, SystemRandom};

/// Random bytes of a name: more than the 128 bits at which guessing is out of the question.
const BYTES: usize = 24;
/// Characters that they are written as.
pub const CHARS: usize = 32;

/// The machine has no randomness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no randomness to make an identifier of")]
pub struct NoRandomness;

/// A new name, of 192 random bits in letters, digits, `-` and `_`.
pub fn random() -> Result<String, NoRandomness> {
    let mut bytes = [0; BYTES];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| NoRandomness)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Whether a text can be a name that [`random`] made.
pub fn is_one(text: &str) -> bool {
    text.len() == CHARS
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}
