//! RFC 4028: calls that are refreshed stay up, calls nobody refreshes end, whoever was to do it.

use std::time::Duration;

use offhook::sip::{EndCause, Event};

use crate::far::{Near, answer, header, with_offer};
use crate::line::{CALLEE, CALLER, Desk, End, Line, offer, request, status, to_tag};

const FORTY_MINUTES: Duration = Duration::from_secs(2_400);

/// An INVITE of theirs that says this, answered: our 200, and our tag.
fn taken(desk: &mut Desk, lines: &str) -> (String, String) {
    desk.ask(request("INVITE", "i1", 1, "", &with_offer(lines)));
    let call = desk.incoming().expect("the call");
    desk.endpoint.answer(call.dialog, offer(), desk.now);
    let ok = desk.answers().remove(0);
    let tag = to_tag(&ok);
    desk.ask(request("ACK", "k1", 1, &tag, "\r\n"));
    desk.events();
    (ok, tag)
}

/// Second after second; all that we said.
fn pass(desk: &mut Desk, span: Duration) -> Vec<String> {
    (0..span.as_secs()).flat_map(|_| desk.wait(Duration::from_secs(1))).collect()
}

fn ends(events: &[Event]) -> Vec<EndCause> {
    events.iter().filter_map(|e| if let Event::Ended { cause, .. } = e { Some(*cause) } else { None }).collect()
}

#[test]
fn forty_minutes_between_two_of_us_are_refreshed_by_update() {
    let mut line = Line::new(0, 1);
    let dialog = line.call();
    line.run(FORTY_MINUTES);
    assert_eq!(line.count(End::Callee, "UPDATE"), 2, "after 15 and 30 minutes: {:?}", line.sent);
    assert!(ends(&line.heard_by_caller).is_empty() && ends(&line.heard_by_callee).is_empty());
    line.caller_hangs_up(dialog);
    line.run(Duration::from_secs(60));
    assert_eq!((line.caller.dialogs(), line.callee.dialogs()), (0, 0));
}

#[test]
fn forty_minutes_on_a_line_that_loses_every_fifth_datagram() {
    let mut line = Line::new(20, 5);
    line.call();
    line.run(FORTY_MINUTES);
    assert!(ends(&line.heard_by_caller).is_empty() && ends(&line.heard_by_callee).is_empty(), "{:?}", line.sent);
}

#[test]
fn a_caller_who_refreshes_stays_and_one_who_stops_is_hung_up() {
    let mut desk = Desk::new();
    let (ok, tag) = taken(&mut desk, "Supported: timer\r\nSession-Expires: 1800;refresher=uac\r\n");
    assert_eq!(header(&ok, "Session-Expires"), "1800;refresher=uac");
    assert_eq!(header(&ok, "Require"), "timer");
    for refresh in 0..3 {
        assert!(pass(&mut desk, Duration::from_secs(900)).is_empty(), "we wait for them");
        let lines = "Supported: timer\r\nSession-Expires: 1800;refresher=uac\r\n\r\n";
        let answers = desk.ask(request("UPDATE", &format!("u{refresh}"), 2 + refresh, &tag, lines));
        assert_eq!(status(&answers[0]), 200);
        assert_eq!(header(&answers[0], "Session-Expires"), "1800;refresher=uac");
    }
    assert!(ends(&desk.events()).is_empty(), "45 minutes");
    assert!(pass(&mut desk, Duration::from_secs(1_767)).is_empty(), "32 s before the end nobody is given up");
    let sent = pass(&mut desk, Duration::from_secs(2));
    assert!(sent[0].starts_with("BYE "), "{sent:?}");
    assert_eq!(ends(&desk.events()), [EndCause::Expired]);
    assert_eq!(desk.endpoint.dialogs(), 0);
}

#[test]
fn a_reinvite_refreshes_too() {
    let mut desk = Desk::new();
    let (_, tag) = taken(&mut desk, "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n");
    pass(&mut desk, Duration::from_secs(55));
    desk.ask(request("INVITE", "r1", 2, &tag, &with_offer("k: timer\r\nx: 90;refresher=uac\r\n")));
    let Some(Event::Reoffer { dialog, .. }) = desk.events().pop() else { panic!("an offer") };
    desk.endpoint.answer_reoffer(dialog, offer(), desk.now);
    assert_eq!(header(&desk.answers()[0], "Session-Expires"), "90;refresher=uac");
    desk.ask(request("ACK", "k2", 2, &tag, "\r\n"));
    pass(&mut desk, Duration::from_secs(55));
    assert!(ends(&desk.events()).is_empty());
    pass(&mut desk, Duration::from_secs(10));
    assert_eq!(ends(&desk.events()), [EndCause::Expired], "a third before the end of a short one");
}

#[test]
fn who_leaves_it_to_us_is_refreshed_by_what_he_takes() {
    for (allow, method) in [("Allow: INVITE, ACK, BYE, UPDATE\r\n", "UPDATE "), ("", "INVITE ")] {
        let mut desk = Desk::new();
        let (ok, _) = taken(&mut desk, &format!("{allow}Supported: timer\r\nSession-Expires: 1800\r\n"));
        assert_eq!(header(&ok, "Session-Expires"), "1800;refresher=uas");
        for _ in 0..2 {
            let refresh = pass(&mut desk, Duration::from_secs(900)).remove(0);
            assert!(refresh.starts_with(method), "{refresh}");
            assert_eq!(header(&refresh, "Session-Expires"), "1800;refresher=uac");
            assert_eq!(refresh.contains("v=0"), allow.is_empty(), "a re-INVITE repeats our description");
            let ok = answer(&refresh, "200 OK", "Session-Expires: 1800;refresher=uac\r\n\r\n").replace(CALLEE, CALLER);
            let sent = desk.ask(&ok);
            assert_eq!(sent.len(), usize::from(allow.is_empty()), "the ACK of a re-INVITE: {sent:?}");
            assert_eq!(desk.ask(&ok).len(), usize::from(allow.is_empty()), "and again");
        }
        assert!(desk.events().is_empty());
    }
}

#[test]
fn our_own_calls_ask_for_it_and_keep_to_the_answer() {
    let (_, invite) = Near::dial();
    assert_eq!((header(&invite, "Session-Expires"), header(&invite, "Min-SE")), ("1800".into(), "90".into()));
    assert!(header(&invite, "Supported").contains("timer"));
    // We refresh.
    let mut near = Near::up("Require: timer\r\nSession-Expires: 600;refresher=uac\r\n");
    let refresh = near.wait(Duration::from_secs(300)).remove(0);
    assert!(refresh.starts_with("INVITE sip:z@"), "the far end allows no UPDATE: {refresh}");
    assert!(near.hear(&answer(&refresh, "100 Trying", "\r\n")).is_empty());
    let sent = near.hear(&answer(&refresh, "200 OK", &with_offer("Session-Expires: 600;refresher=uac\r\n")));
    assert!(sent[0].starts_with("ACK "), "{sent:?}");
    assert!(near.wait(Duration::from_secs(299)).is_empty());
    // Gone there: no waiting for the end.
    let refresh = near.wait(Duration::from_secs(2)).remove(0);
    let sent = near.hear(&answer(&refresh, "481 Gone", "\r\n"));
    assert!(sent.iter().any(|message| message.starts_with("BYE ")), "{sent:?}");
    assert_eq!(ends(&near.events()), [EndCause::Expired]);
    // They are to, and do not.
    let mut near = Near::up("Require: timer\r\nSession-Expires: 600;refresher=uas\r\n");
    assert!(near.wait(Duration::from_secs(567)).is_empty());
    assert!(near.wait(Duration::from_secs(2))[0].starts_with("BYE "));
    // They know nothing of it: the call lasts.
    let mut near = Near::up("");
    assert!(near.wait(FORTY_MINUTES).is_empty() && near.events().is_empty());
}

#[test]
fn a_far_end_that_is_silent_is_hung_up_before_the_end() {
    let mut near = Near::up("Allow: UPDATE\r\nSession-Expires: 600;refresher=uac\r\n");
    let sent = near.wait(Duration::from_secs(335));
    assert!(sent[0].starts_with("UPDATE ") && sent.iter().any(|m| m.starts_with("BYE ")), "{sent:?}");
    assert_eq!(ends(&near.events()), [EndCause::Expired]);
}

#[test]
fn intervals_too_short_are_refused_and_longer_ones_taken() {
    let mut desk = Desk::new();
    let answers = desk.ask(request("INVITE", "i1", 1, "", &with_offer("Supported: timer\r\nSession-Expires: 60\r\n")));
    assert_eq!((status(&answers[0]), header(&answers[0], "Min-SE")), (422, "90".into()));
    assert!(desk.incoming().is_none());
    let mut desk = Desk::new();
    let (ok, _) = taken(&mut desk, "Supported: timer\r\nSession-Expires: 7200\r\nMin-SE: 3000\r\n");
    assert_eq!(header(&ok, "Session-Expires"), "3000;refresher=uas", "as little as they take");
    // Our own call: once more, with what they take; the second refusal is the end.
    let (mut near, invite) = Near::dial();
    let sent = near.hear(&answer(&invite, "422 Session Interval Too Small", "Min-SE: 3600\r\n\r\n"));
    let again = sent.iter().find(|message| message.starts_with("INVITE ")).expect("another INVITE");
    assert_eq!((header(again, "Session-Expires"), header(again, "Min-SE")), ("3600".into(), "3600".into()));
    assert_eq!(header(again, "CSeq"), "2 INVITE");
    near.hear(&answer(again, "422 Session Interval Too Small", "Min-SE: 3600\r\n\r\n"));
    assert!(matches!(near.events()[..], [Event::Failed { status: 422, .. }]));
}

#[test]
fn a_caller_without_timers_gets_none() {
    let mut desk = Desk::new();
    let (ok, _) = taken(&mut desk, "");
    assert_eq!(header(&ok, "Session-Expires"), "");
    assert!(pass(&mut desk, FORTY_MINUTES).is_empty() && desk.endpoint.dialogs() == 1);
    // A proxy on the way wants one: we refresh for him.
    let mut desk = Desk::new();
    let (ok, _) = taken(&mut desk, "Session-Expires: 1800\r\n");
    assert_eq!((header(&ok, "Session-Expires"), header(&ok, "Require")), ("1800;refresher=uas".into(), String::new()));
}

#[test]
fn a_refresh_that_is_put_off_is_tried_again() {
    for (refusal, soonest, latest) in [("491 Request Pending", 2, 4), ("500 No", 9, 12), ("405 No", 0, 1)] {
        let mut near = Near::up("Allow: UPDATE\r\nSession-Expires: 600;refresher=uac\r\n");
        let refresh = near.wait(Duration::from_secs(300)).remove(0);
        near.hear(&answer(&refresh, refusal, "\r\n"));
        let waited = (0..30).find(|_| !near.wait(Duration::from_secs(1)).is_empty()).expect("another try");
        assert!((soonest..=latest).contains(&(waited + 1)) || waited == soonest, "{refusal}: {waited}");
    }
}
