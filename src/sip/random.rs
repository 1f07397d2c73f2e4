//! Unpredictable names (tags, branches, Call-IDs) from one seed.

use std::hash::{DefaultHasher, Hash, Hasher};

/// A keyed hash with a counter: without the seed, names seen do not tell names to come.
#[derive(Debug, Clone)]
pub(super) struct Random {
    seed: [u8; 32],
    counter: u64,
}

impl Random {
    pub(super) fn new(seed: [u8; 32]) -> Self {
        Self { seed, counter: 0 }
    }

    /// The next 64 bits.
    pub(super) fn next(&mut self) -> u64 {
        self.counter += 1;
        self.keyed(&("next", self.counter))
    }

    /// 16 hex digits.
    pub(super) fn token(&mut self) -> String {
        format!("{:016x}", self.next())
    }

    /// The same 64 bits for the same value: what a stateless answer needs for its To tag (RFC 3261 8.2.7).
    pub(super) fn keyed<T: Hash>(&self, value: &T) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.seed.hash(&mut hasher);
        value.hash(&mut hasher);
        self.seed.hash(&mut hasher);
        hasher.finish()
    }
}
