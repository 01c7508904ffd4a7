//! What a state is bound to.

use crate::invocation::Principal;
use ring::digest::{Context, Digest, SHA256};
use serde_json::Value;

/// Who asked for what: a digest of the caller, the method, the name or URI, and the arguments.
#[derive(Debug, Clone)]
pub struct Binding(Digest);

impl Binding {
    /// The binding of a request. The order of an object's keys makes no difference: clients may write them in another
    /// order when they come back.
    pub fn new(
        principal: Option<&Principal>,
        method: &str,
        target: &str,
        arguments: &Value,
    ) -> Self {
        let mut digest = Context::new(&SHA256);
        // As JSON, so that no part can run over into the next.
        let who = principal.map(Principal::as_str);
        write(&mut digest, &serde_json::json!([who, method, target]));
        write(&mut digest, arguments);
        Self(digest.finish())
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_ref()
    }
}

fn write(digest: &mut Context, value: &Value) {
    match value {
        Value::Object(object) => {
            let mut entries: Vec<_> = object.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            digest.update(b"{");
            for (key, value) in entries {
                write(digest, &Value::String(key.clone()));
                digest.update(b":");
                write(digest, value);
                digest.update(b",");
            }
            digest.update(b"}");
        }
        Value::Array(items) => {
            digest.update(b"[");
            for item in items {
                write(digest, item);
                digest.update(b",");
            }
            digest.update(b"]");
        }
        scalar => digest.update(scalar.to_string().as_bytes()),
    }
}
