//! Who answers which number, and what the number and the headers of a call say of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::call::Arrival;
use crate::conversation::{Business, Kind, e164};
use crate::sip::HeaderSlot;

/// Called user part to business.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    listed: HashMap<String, Entry>,
    /// Listed telephone numbers in E.164, as they are listed.
    numbers: HashMap<String, String>,
    /// Who answers every other one; none: nobody does.
    other: Option<Arc<Business>>,
}

/// A number calls come in by.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Who answers it.
    pub business: Arc<Business>,
    /// The flow its calls begin in.
    pub flow: Option<Kind>,
    /// The place it belongs to.
    pub location: Option<String>,
    /// The campaign it is printed in.
    pub campaign: Option<String>,
    /// What brings callers to it.
    pub lead_source: Option<String>,
}

/// Where a call belongs.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) business: Arc<Business>,
    /// The number that was dialled, as it is listed where it is.
    pub(super) called: String,
    pub(super) arrival: Arrival,
}

impl Directory {
    /// Numbers that are listed, and who answers every other one.
    pub fn new(listed: HashMap<String, Entry>, other: Option<Arc<Business>>) -> Directory {
        let plain = |(called, entry): (&String, &Entry)| Some((e164(called, &entry.business.country)?, called.clone()));
        let numbers = listed.iter().filter_map(plain).collect();
        Directory { listed, numbers, other }
    }

    /// Every business that can be reached.
    pub fn businesses(&self) -> impl Iterator<Item = &Arc<Business>> {
        self.listed.values().map(|entry| &entry.business).chain(&self.other)
    }

    /// Where a call belongs, by the names it was called under, the likeliest first.
    pub(super) fn find(&self, called: &[&str]) -> Option<Found> {
        let exact = called.iter().find_map(|called| self.listed.get_key_value(*called));
        let listed = exact.or_else(|| called.iter().find_map(|called| self.as_number(called)));
        if let Some((called, entry)) = listed {
            let Entry { business, flow, location, campaign, lead_source } = entry.clone();
            let flow = flow.map(|kind| kind.as_str().to_owned());
            let arrival = Arrival { trunk: None, location, campaign, lead_source, flow, slots: BTreeMap::new() };
            return Some(Found { business, called: called.clone(), arrival });
        }
        let number = called.iter().find(|called| is_number(called)).or(called.first());
        let called = number.copied().unwrap_or_default().to_owned();
        Some(Found { business: self.other.clone()?, called, arrival: Arrival::default() })
    }

    /// A carrier may leave out the plus sign or the country.
    fn as_number(&self, called: &str) -> Option<(&String, &Entry)> {
        if !is_number(called) || self.numbers.is_empty() {
            return None;
        }
        let countries: BTreeSet<&str> = self.businesses().map(|business| business.country.as_str()).collect();
        let forms = countries.iter().filter_map(|country| e164(called, country));
        let forms = forms.chain((!called.starts_with('+')).then(|| format!("+{called}")));
        forms.into_iter().find_map(|form| self.listed.get_key_value(self.numbers.get(&form)?))
    }
}

/// What a call's headers say, under the names of the configuration.
pub(super) fn slots(wanted: &[HeaderSlot], headers: &[(String, String)]) -> BTreeMap<String, String> {
    wanted.iter().filter_map(|slot| Some((slot.name.clone(), slot.said(headers)?))).collect()
}

/// Long enough to be dialled from outside.
fn is_number(called: &str) -> bool {
    let digits = called.strip_prefix('+').unwrap_or(called);
    digits.len() >= NUMBER_DIGITS_MIN && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Shorter ones are extensions.
const NUMBER_DIGITS_MIN: usize = 7;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_asked_for_is_taken() {
        let slot = |name: &str, header: &str| HeaderSlot { name: name.into(), header: header.into(), parameter: None };
        let wanted = [slot("account", "X-Account"), slot("from", "Diversion")];
        let headers =
            [("x-account", "\u{7} 42 "), ("X-Other", "1"), ("Diversion", "<sip:+1212@a>"), ("X-Account", "43")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let told = slots(&wanted, &headers);
        assert_eq!(told, [("account", "42"), ("from", "+1212")].map(|(a, b)| (a.to_owned(), b.to_owned())).into());
    }
}
