//! How much work one check of a value may be.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::walk::{subschemas, walk};

/// Counts the schemas that a check may have to look at, each as often as references lead to it.
///
/// A few dozen schemas that each refer to the next one twice are small to read and take years to check. Where a
/// reference leads back to a schema that it came from, nothing is added: the value ends such a round.
pub(super) fn of(schema: &Value) -> u64 {
    let Value::Object(root) = schema else {
        return 1;
    };
    let mut anchors = HashMap::new();
    walk(schema, "", &mut |place| {
        for keyword in ["$anchor", "$dynamicAnchor"] {
            if let Some(anchor) = place.schema.get(keyword).and_then(Value::as_str) {
                anchors.insert(anchor, place.schema);
            }
        }
        true
    });
    let mut count = Count {
        document: schema,
        anchors,
        known: HashMap::new(),
    };
    count.of(root)
}

struct Count<'a> {
    document: &'a Value,
    anchors: HashMap<&'a str, &'a Map<String, Value>>,
    /// By address: what a schema costs, 0 while it is being counted.
    known: HashMap<usize, u64>,
}

impl<'a> Count<'a> {
    fn of(&mut self, schema: &'a Map<String, Value>) -> u64 {
        let address = std::ptr::from_ref(schema).addr();
        if let Some(work) = self.known.get(&address) {
            return *work;
        }
        self.known.insert(address, 0);
        let mut work: u64 = 1;
        for below in subschemas(schema) {
            // Definitions are only looked at where something refers to them.
            if !matches!(below.keyword, "$defs" | "definitions") {
                work = work.saturating_add(self.of(below.schema));
            }
        }
        for keyword in ["$ref", "$dynamicRef"] {
            let target = schema.get(keyword).and_then(Value::as_str);
            if let Some(target) = target.and_then(|reference| self.target(reference)) {
                work = work.saturating_add(self.of(target));
            }
        }
        self.known.insert(address, work);
        work
    }

    fn target(&self, reference: &str) -> Option<&'a Map<String, Value>> {
        let fragment = reference.strip_prefix('#')?;
        let fragment = percent_decode_str(fragment).decode_utf8().ok()?;
        match self.anchors.get(&*fragment) {
            Some(schema) => Some(schema),
            None => self.document.pointer(&fragment)?.as_object(),
        }
    }
}
