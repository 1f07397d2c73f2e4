//! Providers that say themselves when they have time: what they offer, as far as the business is open.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use tokio::sync::Mutex;

use crate::calendar::slots::free_slots;
use crate::calendar::trouble::Trouble;
use crate::conversation::{Business, Slot, SlotQuery};

/// What a service is called at the provider, and how long it takes there once that was asked.
#[derive(Debug, Default)]
pub(in crate::calendar) struct Services {
    names: BTreeMap<String, String>,
    minutes: Mutex<BTreeMap<String, u32>>,
}

impl Services {
    /// Service keys and the provider's names.
    pub(in crate::calendar) fn new(names: BTreeMap<String, String>) -> Services {
        Services { names, minutes: Mutex::default() }
    }

    /// Every name at the provider.
    pub(in crate::calendar) fn theirs(&self) -> impl Iterator<Item = &str> {
        self.names.values().map(String::as_str)
    }

    /// The provider's name of a service.
    pub(in crate::calendar) fn their(&self, service: &str) -> Result<&str, Trouble> {
        let name = self.names.get(service).map(String::as_str);
        name.ok_or_else(|| Trouble::Refused(format!("[calendar.services] names nothing for `{service}`")))
    }

    /// Our key of the provider's name.
    pub(in crate::calendar) fn ours(&self, name: &str) -> Option<&str> {
        self.names.iter().find(|(_, theirs)| *theirs == name).map(|(ours, _)| ours.as_str())
    }

    /// Refuses a service that takes another time at the provider; `ask` is asked once per service.
    pub(in crate::calendar) async fn takes(
        &self,
        service: &str,
        minutes: u32,
        ask: impl Future<Output = Result<u32, Trouble>>,
    ) -> Result<(), Trouble> {
        let mut known = self.minutes.lock().await;
        let theirs = match known.get(service) {
            Some(theirs) => *theirs,
            None => *known.entry(service.to_owned()).or_insert(ask.await?),
        };
        match theirs == minutes {
            true => Ok(()),
            false => Err(Trouble::Refused(format!(
                "`{service}` takes {minutes} minutes here and {theirs} at the provider; make them equal"
            ))),
        }
    }
}

/// The free slots that begin when the provider has time.
pub(in crate::calendar) fn offered(
    business: &Business,
    query: &SlotQuery,
    starts: &BTreeSet<Timestamp>,
    now: Timestamp,
) -> Vec<Slot> {
    let all = SlotQuery { limit: usize::MAX, ..query.clone() };
    let open = free_slots(business, &all, Vec::new(), now).into_iter();
    open.filter(|slot| starts.contains(&slot.starts_at)).take(query.limit).collect()
}

/// "desk@example.com" with something after a plus: mail to it goes to the same box.
pub(in crate::calendar) fn tagged(mail: &str, tag: &str) -> String {
    match mail.split_once('@') {
        Some((name, host)) => format!("{name}+{tag}@{host}"),
        None => mail.to_owned(),
    }
}

/// What stands after the plus.
pub(in crate::calendar) fn tag_of<'a>(mail: &'a str, address: &str) -> Option<&'a str> {
    let (name, host) = mail.split_once('@')?;
    let (own, own_host) = address.split_once('@')?;
    let tag = name.get(..own.len()).filter(|name| name.eq_ignore_ascii_case(own)).and(name.get(own.len()..))?;
    (host.eq_ignore_ascii_case(own_host)).then_some(tag.strip_prefix('+')?)
}
