//! No room on the disk, or a disk that fails: nobody is told that something was kept which was not, calls go on, the log
//! says what is wrong, and when the disk is well again everything is there, once.

use std::time::Duration;

use crate::callers::Plan;
use crate::harm::{EIO, ENOSPC, Number};
use crate::house::House;

#[test]
fn nothing_is_acknowledged_and_all_is_written_afterwards() {
    for (errno, words) in [(ENOSPC, "database or disk is full"), (EIO, "disk I/O error")] {
        let mut house = House::open("hubspot");
        let folder = house.take();
        let server = house.harm.start(folder);
        house.platform.more(1);
        let telling = house.platform.tell(&server);
        house.platform.heard(telling);
        assert!(house.platform.is_done());

        house.harm.set(Number::Errno, errno);
        house.platform.more(1);
        let caller = Plan { hang_up_after: Duration::from_millis(300), ..Plan::silent("+12125553999") }.dial(&server);
        let telling = house.platform.tell(&server);
        assert!(telling.answers().iter().all(|status| *status == Some(503)), "kept on a disk that keeps nothing");
        let report = caller.report();
        assert_eq!((report.status, report.ended_by.as_str()), (200, "caller_hung_up"), "the call was answered");
        let log = server.log();
        assert!(log.contains(words) && log.contains("cannot be kept"), "{log}");

        house.harm.set(Number::Errno, 0);
        house.judge(&server);
        let folder = server.kill();
        house.give_back(folder);
        let (calls, _) = house.rows();
        assert_eq!(calls.len(), 3, "two were told and one was placed: {calls:#?}");
    }
}
