//! Turns that lead to a state of a call.

pub const OFFER: &[&str] = &["a cleaning", "on Tuesday"];
pub const NAME: &[&str] = &["a cleaning on Tuesday at 2:30"];
pub const READ_BACK: &[&str] = &["a cleaning on Tuesday at 2:30", "Anna Smith", "yes"];

/// The turns that lead to a state of `interpreting.tsv`.
pub fn before(state: &str) -> &'static [&'static str] {
    match state {
        "open" => &[],
        "service" => &["I'd like to book an appointment"],
        "when" => &["a cleaning"],
        "offer" => OFFER,
        "name" => NAME,
        "confirm" => &READ_BACK[..2],
        "readback" => READ_BACK,
        _ => panic!("no such state: {state}"),
    }
}
