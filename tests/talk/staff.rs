//! Callers ask for a person; the booking is theirs, and the read-back says so.

use std::sync::Arc;

use offhook::conversation::{Business, Capacity, Staff, reference};

use crate::shops::dental;
use crate::stage::Call;

fn clinic() -> Arc<Business> {
    let person = |name: &str, services: &[&str]| Staff {
        name: name.into(),
        services: services.iter().map(|id| (*id).into()).collect(),
        hours: None,
    };
    let staff = vec![person("Dr. Lee", &["consultation", "whitening"]), person("Maria Schmidt", &[])];
    Arc::new(Business { capacity: Capacity { staff, ..Capacity::default() }, ..(*dental()).clone() })
}

#[test]
fn the_number_of_a_booking_is_said_if_the_business_wants_it() {
    let turns = &["a consultation on Tuesday at 2:30", "Anna Smith", "yes", "yes"];
    let quiet = Call::new(clinic()).says(turns);
    assert!(!quiet.last().contains("number of your") && !quiet.last().contains("confirmation number"));
    let capacity = Capacity { speak_confirmation: true, ..Capacity::default() };
    let call = Call::new(Arc::new(Business { capacity, ..(*dental()).clone() })).says(turns);
    let digits: String = reference("a1").chars().map(|digit| format!("{digit} ")).collect();
    let said = call.last().replace(',', "");
    assert!(said.contains(digits.trim()), "{said}");
}

fn booked_with(call: &Call) -> Option<String> {
    let [booked] = call.booked.as_slice() else { panic!("one booking:\n{}", call.transcript()) };
    booked.staff.clone()
}

#[test]
fn a_person_asked_for_in_any_turn_is_who_it_is_booked_with() {
    for turns in [
        &["a consultation with Dr. Lee on Tuesday at 2:30", "Anna Smith", "yes", "yes"][..],
        &["I'd like to see doctor Li for a consultation", "Tuesday at 2:30", "Anna Smith", "yes", "yes"],
        &["a consultation", "with Dr Lee please, Tuesday at 2:30", "Anna Smith", "yes", "yes"],
    ] {
        let call = Call::new(clinic()).says(turns);
        assert_eq!(booked_with(&call).as_deref(), Some("Dr. Lee"), "{}", call.transcript());
        assert!(call.transcript().contains("a consultation with Dr. Lee on Tuesday"), "{}", call.transcript());
    }
}

#[test]
fn nobody_in_particular_is_anybody() {
    let call = Call::new(clinic()).says(&["a consultation on Tuesday at 2:30", "Anna Lee", "yes", "yes"]);
    assert_eq!(booked_with(&call), None, "{}", call.transcript());
}

#[test]
fn somebody_who_does_not_do_it_is_not_waited_for() {
    let call = Call::new(clinic()).says(&["a cleaning with Dr. Lee on Tuesday at 2:30"]);
    assert!(call.last().contains("Dr. Lee"), "{}", call.transcript());
    let call = call.says(&["Anna Smith", "yes", "yes"]);
    assert_eq!(booked_with(&call), None, "{}", call.transcript());
}
