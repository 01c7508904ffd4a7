//! Lists, page by page.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::errors::SarError;

/// The largest page, and the size of one when nothing is asked for.
const MAX_ITEMS: usize = 100;

/// The page of `items` that the query asks for, under `name`.
pub(super) fn page(
    name: &str,
    items: Vec<Value>,
    query: &BTreeMap<String, String>,
) -> Result<Value, SarError> {
    let size = match query.get("maxItems") {
        None => MAX_ITEMS,
        Some(text) => text
            .parse()
            .ok()
            .filter(|size| (1..=MAX_ITEMS).contains(size))
            .ok_or_else(|| SarError::bad("MaxItems must be 1 to 100"))?,
    };
    let start: usize = match query.get("nextToken") {
        None => 0,
        Some(token) => BASE64_URL_SAFE_NO_PAD
            .decode(token)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok()?.parse().ok())
            .ok_or_else(|| SarError::bad("NextToken is not one of this list"))?,
    };
    let end = start.saturating_add(size);
    let has_more = end < items.len();
    let page: Vec<_> = items.into_iter().skip(start).take(size).collect();
    let mut answer = json!({ name: page });
    if has_more {
        answer["nextToken"] = BASE64_URL_SAFE_NO_PAD.encode(end.to_string()).into();
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_lead_through_all_pages() {
        let mut query = BTreeMap::from([("maxItems".to_owned(), "2".to_owned())]);
        let mut pages = Vec::new();
        loop {
            let items = (0..5).map(Value::from).collect();
            let answer = page("items", items, &query).unwrap();
            pages.push(answer["items"].to_string());
            match answer["nextToken"].as_str() {
                Some(token) => query.insert("nextToken".to_owned(), token.to_owned()),
                None => break,
            };
        }
        assert_eq!(pages, ["[0,1]", "[2,3]", "[4]"]);
        for (name, value) in [("maxItems", "0"), ("maxItems", "101"), ("nextToken", "x")] {
            let query = BTreeMap::from([(name.to_owned(), value.to_owned())]);
            assert!(page("items", Vec::new(), &query).is_err(), "{name} {value}");
        }
    }
}
