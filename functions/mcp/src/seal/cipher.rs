//! Authenticated encryption of states, by `ring`, which TLS brings along.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    hkdf::{HKDF_SHA256, Prk},
    rand::{SecureRandom, SystemRandom},
};

/// Bytes of a deployment's key.
pub(super) const KEY_BYTES: usize = 32;
/// Bytes of the part of a state that is random, and its id.
const SALT_BYTES: usize = 32;
/// What the derived keys are for, so that the same key can serve other purposes one day.
const PURPOSE: &[u8] = b"mcp-lambda-sam request state 1";

/// Encrypts each state under a key of its own, derived from the deployment's key and a random salt: a nonce is thereby
/// never used twice under one key, however many states there are, which random nonces of AES-GCM's 96 bits could not
/// promise for a key that lives as long as a deployment.
pub(super) struct Cipher(Prk);

impl std::fmt::Debug for Cipher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cipher(…)")
    }
}

impl Cipher {
    pub(super) fn new(key: &[u8; KEY_BYTES]) -> Self {
        Self(Prk::new_less_safe(HKDF_SHA256, key))
    }

    /// Salt, ciphertext and tag, in letters and digits. None if the machine has no randomness or encryption fails.
    pub(super) fn encrypt(&self, mut plain: Vec<u8>, bound_to: &[u8]) -> Option<String> {
        let salt: [u8; SALT_BYTES] = random()?;
        self.key(&salt)?
            .seal_in_place_append_tag(nonce(), Aad::from(bound_to), &mut plain)
            .ok()?;
        let mut sealed = salt.to_vec();
        sealed.extend(plain);
        Some(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// The plain text and the state's id.
    pub(super) fn decrypt(&self, text: &str, bound_to: &[u8]) -> Option<(Vec<u8>, String)> {
        let mut sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (salt, body) = sealed.split_at_mut_checked(SALT_BYTES)?;
        let plain = self
            .key(salt)?
            .open_in_place(nonce(), Aad::from(bound_to), body)
            .ok()?;
        Some((plain.to_vec(), URL_SAFE_NO_PAD.encode(salt)))
    }

    fn key(&self, salt: &[u8]) -> Option<LessSafeKey> {
        let info = [PURPOSE, salt];
        let derived = self.0.expand(&info, &AES_256_GCM).ok()?;
        Some(LessSafeKey::new(UnboundKey::from(derived)))
    }
}

/// Each key encrypts one text.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

/// Random bytes; none if the machine has none.
pub(super) fn random<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(bytes)
}
