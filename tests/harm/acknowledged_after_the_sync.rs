//! Whoever is answered has been written and synced before: the order is told by the system calls themselves.

use std::collections::BTreeSet;

use crate::house::House;

#[test]
fn an_event_is_answered_only_after_it_was_synced() {
    let mut house = House::open("hubspot");
    let folder = house.take();
    let server = house.harm.start_noting(folder);
    // The second round writes after syncs of the first.
    for _ in 0..2 {
        house.platform.more(EVENTS / 4);
        let telling = house.platform.tell(&server);
        house.platform.heard(telling);
    }
    assert!(house.platform.is_done(), "{}", server.log());
    house.give_back(server.kill());
    let noted = house.harm.noted();
    let (mut written, mut synced, mut answered) = (BTreeSet::new(), BTreeSet::new(), 0);
    for line in noted.lines() {
        match line.split_at(2) {
            ("W ", mark) => {
                written.insert(mark);
            }
            ("S ", "offhook.db-wal") => synced.append(&mut written),
            ("A ", said) => {
                let (status, mark) = said.split_once(' ').expect("status and mark");
                assert_eq!(status, "200", "{mark}");
                assert!(synced.contains(mark), "{mark} was answered before it was synced:\n{noted}");
                answered += 1;
            }
            _ => {}
        }
    }
    assert_eq!(answered, EVENTS, "{noted}");
}

/// Two of each call.
const EVENTS: usize = 40;
