//! Who and what the built-in calendar takes up for a service, and whether one of each is free.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::slots::{instant, is_free, merged, padded, within};
use crate::conversation::{Business, Rules, Slot};
use crate::store::{Cap, Needs, Occupied};

/// Somebody or something that may be taken up.
#[derive(Debug, Clone)]
struct Occupant<'a> {
    name: String,
    /// Somebody with hours of their own.
    hours: Option<&'a [Vec<crate::conversation::Span>; 7]>,
}

/// What a service needs of a business.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    business: &'a Business,
    rules: Rules,
    /// One of each list.
    one_of: Vec<Vec<Occupant<'a>>>,
}

impl<'a> Wanted<'a> {
    /// One of the staff who do it (the one asked for, if any) and one of the resources that are for it; where there
    /// is neither, the one thing every business has.
    pub(super) fn of(business: &'a Business, service: &str, staff: Option<&str>) -> Wanted<'a> {
        let capacity = &business.capacity;
        let named = |name: &str| staff.is_none_or(|wanted| wanted == name);
        let able: Vec<_> = capacity.staff.iter().filter(|one| one.does(service)).collect();
        let people = able.iter().filter(|one| named(&one.name));
        let people = people.map(|one| Occupant { name: format!("staff:{}", one.name), hours: one.hours.as_ref() });
        let things = capacity.resources.iter().filter(|one| one.is_for(service));
        let things: Vec<_> =
            things.map(|one| Occupant { name: format!("resource:{}", one.name), hours: None }).collect();
        let mut one_of = Vec::new();
        if !able.is_empty() || staff.is_some() {
            one_of.push(people.collect());
        }
        if !things.is_empty() {
            one_of.push(things);
        }
        if one_of.is_empty() {
            one_of.push(vec![Occupant { name: EVERYTHING.to_owned(), hours: None }]);
        }
        Wanted { business, rules: business.rules(service), one_of }
    }

    /// How far beyond a slot somebody else's appointment matters.
    pub(super) fn reach(&self) -> (SignedDuration, SignedDuration) {
        (minutes(self.rules.before_minutes), minutes(self.rules.after_minutes))
    }

    /// At most so many a day.
    pub(super) fn per_day(&self) -> Option<u32> {
        self.rules.per_day
    }

    /// Which slots have one of each free.
    pub(super) fn free(&self, occupied: Vec<Occupied>) -> impl Fn(&Slot) -> bool + '_ {
        let mut busy: HashMap<String, Vec<Slot>> = HashMap::new();
        for one in occupied {
            busy.entry(one.occupant).or_default().push(Slot { starts_at: one.from, ends_at: one.to });
        }
        let busy: HashMap<String, Vec<Slot>> = busy.into_iter().map(|(name, slots)| (name, merged(slots))).collect();
        move |slot| {
            let padded = padded(slot, &self.rules);
            let is_there = |one: &&Occupant<'_>| busy.get(&one.name).is_none_or(|busy| is_free(busy, &padded));
            self.on_duty(slot).iter().all(|one_of| one_of.iter().any(&is_there))
        }
    }

    /// What the store is to take up for a slot.
    pub(super) fn needs(&self, slot: &Slot, holder: &str, now: Timestamp) -> Needs {
        let (before, after) = self.reach();
        let names = |one_of: Vec<&Occupant<'_>>| one_of.into_iter().map(|one| one.name.clone()).collect();
        Needs {
            one_of: self.on_duty(slot).into_iter().map(names).collect(),
            before,
            after,
            cap: self.per_day().and_then(|most| self.day(slot).map(|(from, to)| Cap { from, to, most })),
            holder: holder.to_owned(),
            now,
        }
    }

    /// Those who work at that time.
    fn on_duty(&self, slot: &Slot) -> Vec<Vec<&Occupant<'a>>> {
        let works = |one: &&Occupant<'_>| one.hours.is_none_or(|hours| within(hours, slot, &self.business.timezone));
        self.one_of.iter().map(|one_of| one_of.iter().filter(works).collect()).collect()
    }

    /// The local day of a slot.
    pub(super) fn day(&self, slot: &Slot) -> Option<(Timestamp, Timestamp)> {
        let zone = &self.business.timezone;
        let date = zone.to_datetime(slot.starts_at).date();
        instant(zone, date.into()).zip(instant(zone, date.tomorrow().ok()?.into()))
    }
}

fn minutes(n: u32) -> SignedDuration {
    SignedDuration::from_mins(n.into())
}

/// Every business has one of everything where no staff and no resources are configured.
const EVERYTHING: &str = "default";
