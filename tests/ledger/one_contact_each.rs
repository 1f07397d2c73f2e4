//! A town calls, each in their own way: everybody is one contact, and no contact is two people.
//! The whole of it: `TOWN_CALLS=10000 cargo test --test ledger one_contact_each -- --nocapture` (2,000 people).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use offhook::call::{Disposition, Outcome};
use offhook::conversation::e164;
use offhook::crm::BuiltIn;
use offhook::outbox::{Outbox, Settings};
use offhook::store::{ContactRow, JobState, Store};

use crate::fixtures::{call, db, ended, quick};
use crate::townsfolk::{Said, Town};

/// Calls of an ordinary run.
const CALLS: usize = 400;
const CALLS_PER_PERSON: usize = 5;
/// Of a day no two are of one person, and they end at the same time.
const CALLS_PER_DAY: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_town_is_told_apart() {
    let calls = std::env::var("TOWN_CALLS").map_or(CALLS, |n| n.parse().expect("TOWN_CALLS is a number"));
    let db = db().await;
    let mut town = Town::new(calls / CALLS_PER_PERSON, 20_261_122);
    let mut said = Vec::new();
    let settings = Settings { workers: 8, ..quick() };
    let outbox = Outbox::start(db.store.clone(), Arc::new(BuiltIn::new(db.store.clone())), settings).await.unwrap();
    while said.len() < calls {
        for one in town.day(CALLS_PER_DAY.min(calls / CALLS_PER_PERSON / 2).min(calls - said.len())) {
            let from = e164(&one.from, "US").unwrap_or_else(|| panic!("{} is a number", one.from));
            let outcome = Outcome { name: one.name.clone(), email: one.email.clone(), ..Outcome::default() };
            let record = call(&format!("c{:05}", said.len()), Some(&from));
            outbox.hand_off().ended(offhook::call::CallRecord { outcome, ..ended(record, Disposition::InfoOnly) });
            said.push(one);
        }
        outbox.drained().await;
    }
    outbox.stop().await;
    let found = judge(&db.store, &town, &said).await;
    println!("{found:#?}");
    assert_eq!(found.mixed, Vec::<String>::new());
    assert!(found.twice.len() * 200 < found.contacts, "{found:#?}");
    assert!(found.to_review * 50 < calls, "what a person has to look at stays little: {found:#?}");
}

#[derive(Debug, Default)]
struct Found {
    contacts: usize,
    /// Second contacts of somebody, with what they had said by then.
    twice: Vec<String>,
    /// Calls from a house's line filed under the other person of the house, as the number says.
    on_the_line: usize,
    /// Calls a person has to decide about.
    to_review: usize,
    /// Two people in one contact.
    mixed: Vec<String>,
}

async fn judge(store: &Store, town: &Town, said: &[Said]) -> Found {
    let contacts: HashMap<String, ContactRow> =
        store.contacts(None, 100_000).await.unwrap().into_iter().map(|row| (row.id.clone(), row)).collect();
    let mut found = Found { contacts: contacts.len(), ..Found::default() };
    let mut owners: HashMap<String, usize> = HashMap::new();
    let mut owned: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    // What each person has said of themselves.
    let mut words: HashMap<usize, BTreeSet<String>> = HashMap::new();
    for (n, one) in said.iter().enumerate() {
        let own = words.entry(one.person).or_default();
        own.insert(format!("+1{}", one.national));
        own.extend(one.name.iter().map(|name| name.trim().to_lowercase()));
        own.extend(one.email.iter().map(|email| email.to_lowercase()));
        let call = store.call(&format!("c{n:05}")).await.unwrap().unwrap();
        let Some(id) = call.contact_id else {
            found.to_review += 1;
            continue;
        };
        let owner = *owners.entry(id.clone()).or_insert(one.person);
        owned.entry(owner).or_default().insert(id.clone());
        if owner != one.person {
            match one.shared && town.people[owner].line == town.people[one.person].line {
                true => found.on_the_line += 1,
                false => found.mixed.push(format!("{one:?} went to {id} of {owner}")),
            }
        }
    }
    let parked = store.jobs(Some(JobState::Parked), 10_000).await.unwrap();
    assert!(parked.iter().all(|row| row.kind != "contact" || row.reason.as_deref().unwrap().contains("ambiguous")));
    for (person, ids) in owned.iter().filter(|(_, ids)| ids.len() > 1) {
        let calls = said.iter().filter(|one| one.person == *person).map(|one| format!("{one:?}")).collect::<Vec<_>>();
        found.twice.extend(ids.iter().skip(1).map(|id| format!("{id}: {}", calls.join("\n"))));
    }
    for (id, owner) in &owners {
        let row = &contacts[id];
        let whose = [Some(row.phone.as_str()), row.name.as_deref(), row.email.as_deref()];
        for value in whose.into_iter().flatten().map(|value| value.trim().to_lowercase()) {
            if !words[owner].contains(&value) {
                found.mixed.push(format!("{id} of {owner} has {value}, of somebody else"));
            }
        }
    }
    found
}
