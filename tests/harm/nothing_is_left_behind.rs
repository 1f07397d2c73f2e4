//! After all bad callers the process holds what it held before them.

use crate::evening::EVENING;

#[test]
fn ports_threads_and_descriptors_are_given_back() {
    let (before, after) = (EVENING.before, EVENING.after);
    assert_eq!((before.ports, after.ports, after.live_calls), (0, 0, 0));
    assert!(after.descriptors <= before.descriptors && after.threads <= before.threads, "{before:?} {after:?}");
}
