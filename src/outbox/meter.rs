//! What the paperwork came to since the process started, for whoever watches it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::crm::Object;

/// Counters that all clones share.
#[derive(Debug, Clone)]
pub struct Meter {
    counts: Arc<Mutex<BTreeMap<Counted, u64>>>,
}

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counted {
    /// Requests to the CRM ("find", "create", ...) by how they went ("ok", "failed", "throttled", ...).
    Request(&'static str, &'static str),
    /// Deliveries of a kind of row by how they ended ("done", "failed", "parked", "asked", "postponed").
    Delivery(String, &'static str),
    /// Contacts found ("known") or made ("new").
    Contact(&'static str),
    /// Records that were there already and had it all.
    Duplicate,
    /// Refusals by reason ("ambiguous", "partial", "policy", "crm").
    Refused(&'static str),
}

/// A counter that appears with its first count has never risen, for whoever watches: all are there from the start.
impl Default for Meter {
    fn default() -> Self {
        let each = |asked| RESULTS.map(|went| Counted::Request(asked, went));
        let requests = REQUESTS.into_iter().flat_map(each);
        let kinds = [Object::Contact, Object::Activity, Object::Task];
        let deliveries = kinds.into_iter().flat_map(|kind| ENDS.map(|how| Counted::Delivery(kind.to_string(), how)));
        let contacts = ["known", "new"].map(Counted::Contact);
        let refused = ["ambiguous", "partial", "policy", "crm"].map(Counted::Refused);
        let all = requests.chain(deliveries).chain(contacts).chain(refused).chain([Counted::Duplicate]);
        Meter { counts: Arc::new(Mutex::new(all.map(|counted| (counted, 0)).collect())) }
    }
}

impl Meter {
    /// Counts one.
    pub(super) fn count(&self, counted: Counted) {
        *self.lock().entry(counted).or_default() += 1;
    }

    /// Everything counted so far, in order.
    pub fn counts(&self) -> Vec<(Counted, u64)> {
        self.lock().iter().map(|(counted, count)| (counted.clone(), *count)).collect()
    }

    /// A poisoned counter is still a counter.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Counted, u64>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const REQUESTS: [&str; 4] = ["find", "read", "create", "update"];
const RESULTS: [&str; 8] = ["ok", "failed", "late", "unknown", "throttled", "unauthorized", "rejected", "conflict"];
const ENDS: [&str; 5] = ["done", "failed", "parked", "asked", "postponed"];
