use super::*;
use crate::invocation::Principal;
use serde_json::json;
use std::{collections::HashSet, sync::Mutex};

#[derive(Debug, Default)]
struct Memory {
    key: Mutex<Option<[u8; KEY_BYTES]>>,
    used: Mutex<HashSet<String>>,
}

impl SealStore for Memory {
    fn key(&self, fresh: [u8; KEY_BYTES]) -> Rarely<'_, [u8; KEY_BYTES]> {
        let key = *self.key.lock().unwrap().get_or_insert(fresh);
        Box::pin(std::future::ready(Ok(key)))
    }

    fn redeem<'a>(&'a self, id: &'a str, _: u64) -> Rarely<'a, bool> {
        let is_first = self.used.lock().unwrap().insert(id.to_owned());
        Box::pin(std::future::ready(Ok(is_first)))
    }
}

fn seals(store: &Arc<Memory>) -> Seals {
    Seals::new(
        Arc::clone(store) as Arc<dyn SealStore>,
        Duration::from_mins(1),
    )
}

fn pending() -> Pending {
    Pending {
        state: Some(json!({ "step": 2, "secret": "s3cr3t" })),
        questions: Questions::new(),
        responses: [("k".to_owned(), json!({ "action": "accept" }))].into(),
    }
}

fn binding(who: &str, target: &str, arguments: &Value) -> Binding {
    let principal = Principal::from_user_arn(who);
    Binding::new(Some(&principal), "tools/call", target, arguments)
}

#[tokio::test]
async fn any_environment_opens_what_another_sealed() {
    let store = Arc::new(Memory::default());
    let bound = binding("alice", "t", &json!({ "a": 1, "b": [{ "c": 2, "d": 3 }] }));
    let text = seals(&store).seal(&bound, pending()).await.unwrap();
    assert!(!text.contains("s3cr3t"));
    let reordered = binding("alice", "t", &json!({ "b": [{ "d": 3, "c": 2 }], "a": 1 }));
    let opened = seals(&store).open(&reordered, &text).await.unwrap();
    assert_eq!(opened.pending, pending());
}

#[tokio::test]
async fn a_state_is_of_use_for_its_request_alone() {
    let store = Arc::new(Memory::default());
    let seals = seals(&store);
    let arguments = json!({ "a": 1 });
    let text = seals
        .seal(&binding("alice", "t", &arguments), pending())
        .await
        .unwrap();
    for other in [
        binding("bob", "t", &arguments),
        binding("alice", "u", &arguments),
        binding("alice", "t", &json!({ "a": 2 })),
        Binding::new(None, "tools/call", "t", &arguments),
        Binding::new(
            Some(&Principal::from_user_arn("alice")),
            "prompts/get",
            "t",
            &arguments,
        ),
    ] {
        assert_eq!(
            seals.open(&other, &text).await.unwrap_err(),
            SealError::Refused
        );
    }
}

#[tokio::test]
async fn no_byte_can_be_changed() {
    let store = Arc::new(Memory::default());
    let seals = seals(&store);
    let bound = binding("alice", "t", &json!({}));
    let text = seals.seal(&bound, pending()).await.unwrap();
    for at in 0..text.len() {
        let mut changed = text.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert!(seals.open(&bound, &changed).await.is_err(), "at {at}");
    }
    for odd in ["", "AAAA", "%", &format!("{text}-TAMPERED"), &text[..40]] {
        assert_eq!(
            seals.open(&bound, odd).await.unwrap_err(),
            SealError::Refused
        );
    }
}

#[tokio::test]
async fn a_state_expires() {
    let store = Arc::new(Memory::default());
    let short = Seals::new(Arc::clone(&store) as Arc<dyn SealStore>, Duration::ZERO);
    let bound = binding("alice", "t", &json!({}));
    let text = short.seal(&bound, pending()).await.unwrap();
    assert_eq!(
        short.open(&bound, &text).await.unwrap_err(),
        SealError::Refused
    );
}

#[tokio::test]
async fn a_state_is_used_once() {
    let store = Arc::new(Memory::default());
    let (one, other) = (seals(&store), seals(&store));
    let bound = binding("alice", "t", &json!({}));
    let text = one.seal(&bound, pending()).await.unwrap();
    let opened = one.open(&bound, &text).await.unwrap();
    one.redeem(&opened).await.unwrap();
    let again = other.open(&bound, &text).await.unwrap();
    assert_eq!(other.redeem(&again).await.unwrap_err(), SealError::Refused);
}
