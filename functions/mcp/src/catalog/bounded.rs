//! A map with a budget.

use std::{borrow::Borrow, collections::HashMap, hash::Hash};

/// Keeps values up to a number of bytes, and starts anew when the next one would go over it.
///
/// That is cruder than evicting what was used least, and enough here: an environment either uses few registrations
/// again and again, or walks through all of them once.
#[derive(Debug)]
pub struct Bounded<K, V> {
    values: HashMap<K, V>,
    bytes: usize,
    at_most: usize,
}

impl<K: Eq + Hash, V> Bounded<K, V> {
    pub fn new(at_most: usize) -> Self {
        Self {
            values: HashMap::new(),
            bytes: 0,
            at_most,
        }
    }

    pub fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.values.get(key)
    }

    /// Keeps a value that takes about `bytes`; one that is over the whole budget is not kept.
    pub fn insert(&mut self, key: K, value: V, bytes: usize) {
        if bytes > self.at_most {
            return;
        }
        if self.bytes + bytes > self.at_most {
            self.values.clear();
            self.bytes = 0;
        }
        self.bytes += bytes;
        self.values.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_holds() {
        let mut bounded = Bounded::new(10);
        bounded.insert("a", 1, 6);
        bounded.insert("b", 2, 4);
        assert_eq!((bounded.get("a"), bounded.get("b")), (Some(&1), Some(&2)));
        bounded.insert("c", 3, 1);
        assert_eq!(
            (bounded.get("a"), bounded.get("b"), bounded.get("c")),
            (None, None, Some(&3))
        );
        bounded.insert("d", 4, 11);
        assert_eq!((bounded.get("c"), bounded.get("d")), (Some(&3), None));
    }
}
