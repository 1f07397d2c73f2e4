//! Rows that a dead process had in hand are delivered by the next one within five seconds, models loaded or not.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use offhook::store::{JobRow, JobState};

use crate::harm::Aim;
use crate::house::{House, rows_of};

#[test]
fn what_a_dead_process_had_in_hand_is_taken_over() {
    let mut house = House::open("pipedrive");
    let folder = house.take();
    let server = house.harm.start(folder);
    house.harm.aim(Aim { wire: true, nth: 25, how: 2, power: false });
    house.platform.more(4);
    let telling = house.platform.tell(&server);
    let (died, folder) = server.dies(DEADLINE);
    let (died_at, clock) = (Timestamp::now(), Instant::now());
    assert!(died, "it talks more than that");
    house.platform.heard(telling);
    house.give_back(folder);
    let orphans: Vec<JobRow> = house.rows().1.into_iter().filter(|row| row.state == JobState::Leased).collect();
    assert!(!orphans.is_empty(), "it died amid deliveries");
    let latest = died_at + TAKEN_OVER_WITHIN;
    assert!(orphans.iter().all(|row| row.run_at < latest), "free too late: {orphans:#?}");

    house.harm.disarm();
    let folder = house.take();
    let server = house.harm.spawn(folder);
    let until = Instant::now() + DEADLINE;
    let done = |row: &JobRow| {
        let found = rows_of(server.folder.path()).1;
        found.iter().any(|now| now.id == row.id && (now.state == JobState::Done || now.run_at > row.run_at))
    };
    while !orphans.iter().all(done) {
        assert!(Instant::now() < until, "{}", server.log());
        std::thread::park_timeout(Duration::from_millis(20));
    }
    println!("{} orphans taken over {:.1} s after the death", orphans.len(), clock.elapsed().as_secs_f32());
    house.give_back(server.kill());
    house.recovers();
}

/// Requirement of the outbox: a lease is never longer than this.
const TAKEN_OVER_WITHIN: SignedDuration = SignedDuration::from_secs(5);
/// Of a test that waits for something.
const DEADLINE: Duration = Duration::from_secs(30);
