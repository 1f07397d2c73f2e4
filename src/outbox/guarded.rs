//! A CRM behind a gate: no faster than it allows, and left alone while it is down.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::gate::{Gate, Later, Limits, Went};
use super::meter::{Counted, Meter};
use crate::crm::{BoxFuture, Crm, CrmError, Fields, Lookup, Object, Record, Schema};

/// The gate of one CRM under one set of credentials, shared by all workers.
pub(super) struct Guarded {
    inner: Arc<dyn Crm>,
    gate: Mutex<Gate>,
    meter: Meter,
}

impl Guarded {
    pub(super) fn new(inner: Arc<dyn Crm>, limits: Limits, meter: Meter) -> Guarded {
        Guarded { inner, gate: Mutex::new(Gate::new(limits, Timestamp::now())), meter }
    }

    /// Until when nobody is let through.
    pub(super) fn resting(&self) -> Option<Timestamp> {
        self.gate().resting(Timestamp::now())
    }

    async fn pass<'a, T>(
        &'a self,
        asked: &'static str,
        ask: impl FnOnce() -> BoxFuture<'a, Result<T, CrmError>> + Send,
    ) -> Result<T, CrmError> {
        let give_up = Timestamp::now().saturating_add(PATIENCE).unwrap_or(Timestamp::MAX);
        loop {
            let leave = self.gate().ask(Timestamp::now());
            let Err(Later { at, why, closed }) = leave else { break };
            let wait = Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or(Duration::ZERO);
            if closed || at > give_up {
                return Err(CrmError::Retry { after: Some(wait), reason: why.to_owned() });
            }
            tokio::time::sleep(wait.max(TURN_MIN)).await;
        }
        let mut open = Open { guarded: self, asked: Some(asked) };
        let answer = ask().await;
        open.asked = None;
        let (went, word) = went(&answer);
        self.gate().went(went, Timestamp::now());
        self.count(asked, word);
        answer
    }

    fn count(&self, asked: &'static str, word: &'static str) {
        self.meter.count(Counted::Request(asked, word));
    }

    /// Nothing in here can panic half-way, so a poisoned lock still guards a whole gate.
    fn gate(&self) -> MutexGuard<'_, Gate> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request under way; dropped without an answer (the deadline) it counts as failed.
struct Open<'a> {
    guarded: &'a Guarded,
    asked: Option<&'static str>,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if let Some(asked) = self.asked {
            self.guarded.gate().went(Went::Failed, Timestamp::now());
            self.guarded.count(asked, "late");
        }
    }
}

fn went<T>(answer: &Result<T, CrmError>) -> (Went, &'static str) {
    match answer {
        Ok(_) => (Went::Answered, "ok"),
        Err(CrmError::Retry { after: Some(wait), .. }) => (Went::TooFast(*wait), "throttled"),
        Err(CrmError::Retry { after: None, .. }) => (Went::Failed, "failed"),
        Err(CrmError::Unknown { .. }) => (Went::Failed, "unknown"),
        Err(CrmError::Unauthorized { .. }) => (Went::Failed, "unauthorized"),
        Err(CrmError::Rejected { .. }) => (Went::Answered, "rejected"),
        Err(CrmError::Conflict { .. }) => (Went::Answered, "conflict"),
        Err(CrmError::Gone) => (Went::Answered, "gone"),
    }
}

impl Crm for Guarded {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn describe<'a>(&'a self) -> BoxFuture<'a, Result<Schema, CrmError>> {
        Box::pin(self.pass("describe", || self.inner.describe()))
    }

    fn find<'a>(
        &'a self,
        business: &'a str,
        object: Object,
        by: Lookup<'a>,
    ) -> BoxFuture<'a, Result<Vec<Record>, CrmError>> {
        Box::pin(self.pass("find", move || self.inner.find(business, object, by)))
    }

    fn read<'a>(
        &'a self,
        business: &'a str,
        object: Object,
        id: &'a str,
    ) -> BoxFuture<'a, Result<Option<Record>, CrmError>> {
        Box::pin(self.pass("read", move || self.inner.read(business, object, id)))
    }

    fn create<'a>(
        &'a self,
        business: &'a str,
        object: Object,
        key: &'a str,
        fields: &'a Fields,
    ) -> BoxFuture<'a, Result<String, CrmError>> {
        Box::pin(self.pass("create", move || self.inner.create(business, object, key, fields)))
    }

    fn update<'a>(
        &'a self,
        business: &'a str,
        object: Object,
        id: &'a str,
        version: Option<&'a str>,
        fields: &'a Fields,
    ) -> BoxFuture<'a, Result<(), CrmError>> {
        Box::pin(self.pass("update", move || self.inner.update(business, object, id, version, fields)))
    }

    fn delete<'a>(&'a self, business: &'a str, object: Object, id: &'a str) -> BoxFuture<'a, Result<(), CrmError>> {
        Box::pin(self.pass("delete", move || self.inner.delete(business, object, id)))
    }
}

/// A wait this short is waited out; a longer one frees the worker. Whoever comes back begins anew, so what the worker had
/// asked before is asked again: with a CRM that is asked slowly it would never come to the end.
const PATIENCE: jiff::SignedDuration = jiff::SignedDuration::from_secs(8);
/// Two that were told the same moment do not spin.
const TURN_MIN: Duration = Duration::from_millis(1);
