//! A caller who hangs up before anything was said.

use crate::evening::EVENING;
use crate::silent_caller::assert_nothing_invented;

#[test]
fn a_caller_who_hangs_up_in_the_greeting_has_abandoned_the_call() {
    let (call, report) = EVENING.call("hangs up in the greeting");
    assert_eq!(report.ended_by, "caller_hung_up");
    assert_eq!((&call["state"], &call["disposition"]), (&"ended".into(), &"abandoned".into()), "{call:#}");
    assert_nothing_invented(&EVENING, "hangs up in the greeting");
}
