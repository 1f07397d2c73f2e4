//! A caller is handed to a person: who hears what, what the record says, and every way back.

use std::sync::Arc;
use std::time::Duration;

use offhook::audio::{Codec, Decoder};
use offhook::call::{Disposition, Gone, Input, Media, News, Output};
use offhook::conversation::{Business, Duty, Escalation, Mode, Policy, Reach};
use offhook::rtp::{self, DtmfSender, Packet};

use crate::call_stage::{Stage, WHISPER};
use crate::shops;

/// Maria, then Joe, called in this way.
fn business(mode: Mode) -> Arc<Business> {
    behind(mode, "")
}

/// The same behind a menu that wants keys.
fn behind(mode: Mode, keys: &str) -> Arc<Business> {
    let reach = Reach { mode, trunk: None, ring: Duration::from_secs(20), keys: keys.into() };
    let duty = |name: &str| Duty {
        name: name.into(),
        number: format!("sip:{name}@192.0.2.7"),
        reach: Some(reach.clone()),
        ..Duty::default()
    };
    let escalation = Escalation { duty: vec![duty("Maria"), duty("Joe")], after_hours: true, ..Escalation::default() };
    let policy = Arc::new(Policy { escalation, ..Policy::default() });
    Arc::new(Business { policy, ..(*shops::dental()).clone() })
}

/// A caller who asked for a person.
fn asked(mode: Mode) -> Stage {
    asked_at(business(mode))
}

fn asked_at(business: Arc<Business>) -> Stage {
    let mut stage = Stage::at(business);
    stage.tell(Input::Answered(None));
    stage.listen_until_quiet();
    stage.speak("Can I talk to a person please?", 1_000);
    stage.wait_until(5_000, |stage| !stage.handed.is_empty());
    stage
}

const ALAW: Media = Media { dtmf_pt: Some(96), ..Media::of(Codec::Pcma) };
/// A level that only the person speaks at, and one of the caller's.
const PERSON: i16 = 7_000;
const CALLER: i16 = -5_000;

/// The person's phone: 20 ms of a level, or of a key.
struct Phone {
    sender: rtp::Sender,
    keys: DtmfSender,
}

impl Phone {
    fn new() -> Self {
        Self { sender: rtp::Sender::new(Codec::Pcma, 5), keys: DtmfSender::new(96) }
    }

    fn speak(&mut self, stage: &mut Stage, frames: usize) {
        for _ in 0..frames {
            let mut packet = Vec::new();
            if !self.sender.next_event(&mut self.keys, &mut packet) {
                self.sender.next_packet(&[PERSON; 160], &mut packet);
            }
            stage.tell(Input::PersonRtp(&packet));
            stage.quiet(20);
        }
    }

    fn press(&mut self, stage: &mut Stage, key: char) {
        self.keys.press(key, 100);
        self.speak(stage, 12);
    }
}

fn called(stage: &Stage) -> Vec<String> {
    stage
        .handed
        .iter()
        .map(|output| match output {
            Output::Call { person, leg } => format!("{leg} {}", person.name),
            Output::Release { leg } => format!("not {leg}"),
            Output::Refer { person, replacing } => format!("refer {} {replacing}", person.name),
            other => format!("{other:?}"),
        })
        .collect()
}

/// Packets of this codec that hold a level, as well as G.711 tells levels apart.
fn at_level(packets: &[Vec<u8>], codec: Codec, level: i16) -> usize {
    let holds = |packet: &&Vec<u8>| {
        let packet = Packet::parse(packet).expect("our own packets are RTP");
        let mut heard = Vec::new();
        Decoder::new(8_000).decode(codec, packet.payload, &mut heard);
        let near = heard.iter().filter(|sample| (i32::from(**sample) - i32::from(level)).abs() < 400).count();
        packet.payload_type == codec.payload_type() && near > 80
    };
    packets.iter().filter(holds).count()
}

#[test]
fn the_person_hears_the_whisper_and_then_the_caller() {
    let mut stage = asked(Mode::Bridged);
    assert_eq!(called(&stage), ["1 Maria"]);
    stage.quiet(4_000);
    stage.tell(Input::Person { leg: 1, news: News::Answered(ALAW) });
    let mut maria = Phone::new();
    maria.speak(&mut stage, 60);
    assert!(at_level(&stage.to_person, Codec::Pcma, WHISPER) > 40, "she is told who calls");
    assert_eq!(at_level(&stage.to_caller, Codec::Pcmu, PERSON), 0, "the caller does not hear her yet");
    assert!(stage.call.record().outcome.transferred.is_none());
    maria.press(&mut stage, '1');
    let (before, told) = (stage.to_caller.len(), stage.to_person.len());
    maria.speak(&mut stage, 50);
    let mut caller = rtp::Sender::new(Codec::Pcmu, 99);
    for _ in 0..50 {
        let mut packet = Vec::new();
        caller.next_packet(&[CALLER; 160], &mut packet);
        stage.tell(Input::Rtp(&packet));
    }
    assert!(at_level(&stage.to_caller[before..], Codec::Pcmu, PERSON) >= 49, "transcoded");
    assert_eq!(at_level(&stage.to_person[..told], Codec::Pcma, CALLER), 0);
    assert!(at_level(&stage.to_person[told..], Codec::Pcma, CALLER) >= 49);
    assert_eq!(at_level(&stage.to_caller, Codec::Pcmu, WHISPER), 0, "never the whisper");
    let transfer = stage.call.record().outcome.transferred.clone().expect("Maria has the caller");
    assert_eq!((transfer.to.as_deref(), transfer.rang_ms.is_some_and(|ms| ms >= 4_000)), (Some("Maria"), true));
    stage.tell(Input::Person { leg: 1, news: News::Ended });
    let record = stage.ended.expect("who hangs up ends it");
    assert!(stage.hung_up);
    assert_eq!(record.disposition, Some(Disposition::Escalated));
}

#[test]
fn a_menu_gets_its_keys_before_anybody_is_spoken_to() {
    let mut stage = asked_at(behind(Mode::Bridged, ",25#"));
    stage.tell(Input::Person { leg: 1, news: News::Answered(ALAW) });
    let mut maria = Phone::new();
    maria.speak(&mut stage, 250);
    let mut menu = rtp::Receiver::new(&[96]);
    let mut pressed = String::new();
    let mut first_key = None;
    for (at, packet) in stage.to_person.iter().enumerate() {
        let _ = menu.handle_packet(packet, std::time::Instant::now());
        while let Some(key) = menu.poll_digit() {
            pressed.push(key);
            first_key.get_or_insert(at);
        }
    }
    assert_eq!(pressed, "25#");
    assert!(first_key.is_some_and(|at| (95..120).contains(&at)), "the comma waits two seconds: {first_key:?}");
    let last = stage.to_person.iter().rposition(|packet| packet[1] & 0x7f == 96).expect("keys");
    assert_eq!(at_level(&stage.to_person[..last], Codec::Pcma, WHISPER), 0, "nobody talks to a menu");
    assert!(at_level(&stage.to_person[last..], Codec::Pcma, WHISPER) > 40, "then she is told who calls");
    maria.press(&mut stage, '1');
    assert!(stage.call.record().outcome.transferred.is_some());
}

#[test]
fn the_caller_hears_one_stream_without_a_jump() {
    let mut stage = asked(Mode::Bridged);
    stage.tell(Input::Person { leg: 1, news: News::Answered(ALAW) });
    let mut maria = Phone::new();
    maria.press(&mut stage, '1');
    maria.speak(&mut stage, 20);
    let numbers: Vec<(u32, u16)> = stage
        .to_caller
        .iter()
        .map(|packet| {
            let packet = Packet::parse(packet).expect("our own packets are RTP");
            (packet.ssrc, packet.sequence)
        })
        .collect();
    for pair in numbers.windows(2) {
        assert_eq!(pair[1], (pair[0].0, pair[0].1.wrapping_add(1)));
    }
}

#[test]
fn declined_and_unanswered_come_back_to_the_agent() {
    let mut stage = asked(Mode::Bridged);
    stage.quiet(2_000);
    stage.tell(Input::Person { leg: 1, news: News::Answered(ALAW) });
    Phone::new().press(&mut stage, '2');
    assert_eq!(called(&stage), ["1 Maria", "not 1", "2 Joe"]);
    let said = stage.said.len();
    stage.wait_until(21_000, |stage| called(stage).last().is_some_and(|last| last == "not 2"));
    stage.listen_until_quiet();
    assert!(stage.said[said..].iter().any(|text| text.contains("message")), "{:?}", stage.said);
    stage.turn("Please tell them my tooth broke.");
    stage.gone(Gone::Caller);
    let record = stage.ended.expect("ended");
    assert!(record.outcome.message.is_some() && record.outcome.transferred.is_none());
    assert!(record.outcome.handover.is_some());
}

#[test]
fn an_answering_machine_presses_nothing_and_gets_nobody() {
    let mut stage = asked(Mode::Bridged);
    stage.tell(Input::Person { leg: 1, news: News::Answered(ALAW) });
    let mut machine = Phone::new();
    machine.speak(&mut stage, 31_000 / 20);
    assert_eq!(called(&stage), ["1 Maria", "not 1", "2 Joe"]);
    assert_eq!(at_level(&stage.to_caller, Codec::Pcmu, PERSON), 0);
}

#[test]
fn busy_is_the_next_one_and_news_of_the_first_are_old() {
    let mut stage = asked(Mode::Bridged);
    stage.tell(Input::Person { leg: 1, news: News::Failed(486) });
    assert_eq!(called(&stage), ["1 Maria", "not 1", "2 Joe"]);
    stage.tell(Input::Person { leg: 1, news: News::Answered(ALAW) });
    stage.tell(Input::Person { leg: 1, news: News::Ended });
    assert_eq!(stage.handed.len(), 3);
}

#[test]
fn a_caller_who_leaves_while_it_rings_left_a_message() {
    let mut stage = asked(Mode::Bridged);
    stage.quiet(1_000);
    stage.gone(Gone::Caller);
    let record = stage.ended.expect("ended");
    assert_eq!(record.disposition, Some(Disposition::Message));
    assert!(record.outcome.message.is_some_and(|message| message.callback));
}

#[test]
fn whoever_waits_hears_something_and_may_change_his_mind() {
    let mut stage = asked(Mode::Bridged);
    stage.listen_until_quiet();
    let since = stage.now;
    stage.quiet(6_000);
    assert!(stage.audible_after(since) > 20, "a tone now and then");
    stage.speak("Never mind, I will leave a message.", 1_500);
    stage.wait_until(5_000, |stage| stage.handed.len() == 2);
    assert_eq!(called(&stage), ["1 Maria", "not 1"]);
}

#[test]
fn a_hold_is_survived_and_a_dead_person_ends_it() {
    let mut stage = asked(Mode::Bridged);
    stage.tell(Input::Person { leg: 1, news: News::Answered(ALAW) });
    Phone::new().press(&mut stage, '1');
    stage.tell(Input::Person { leg: 1, news: News::Renegotiated(ALAW, true) });
    stage.quiet(90_000);
    assert!(stage.ended.is_none(), "held");
    stage.tell(Input::Person { leg: 1, news: News::Renegotiated(ALAW, false) });
    stage.wait_until(62_000, |stage| stage.ended.is_some());
}

#[test]
fn blind_is_told_by_the_callers_own_side() {
    let mut stage = asked(Mode::Blind);
    assert_eq!(called(&stage), ["refer Maria false"]);
    stage.tell(Input::Referred(603));
    assert_eq!(called(&stage).last().map(String::as_str), Some("refer Joe false"));
    stage.tell(Input::Referred(100));
    stage.tell(Input::Referred(180));
    assert!(stage.ended.is_none());
    stage.tell(Input::Referred(200));
    let record = stage.ended.expect("Joe has the caller");
    assert_eq!(record.outcome.transferred.and_then(|transfer| transfer.to).as_deref(), Some("Joe"));
}

#[test]
fn a_phone_that_leaves_at_once_went_where_it_was_sent() {
    let mut stage = asked(Mode::Blind);
    stage.tell(Input::Referred(100));
    stage.gone(Gone::Caller);
    assert!(stage.ended.expect("ended").outcome.transferred.is_some());
    let mut stage = asked(Mode::Blind);
    stage.gone(Gone::Caller);
    assert!(stage.ended.expect("ended").outcome.transferred.is_none(), "it had not said yes");
}

#[test]
fn attended_is_a_bridge_until_the_two_talk_without_us() {
    for (status, over) in [(603, false), (200, true)] {
        let mut stage = asked(Mode::Attended);
        stage.tell(Input::Person { leg: 1, news: News::Answered(ALAW) });
        let mut maria = Phone::new();
        maria.press(&mut stage, '1');
        assert_eq!(called(&stage), ["1 Maria", "refer Maria true"]);
        let before = stage.to_caller.len();
        maria.speak(&mut stage, 20);
        assert!(at_level(&stage.to_caller[before..], Codec::Pcmu, PERSON) >= 19, "they talk meanwhile");
        stage.tell(Input::Referred(status));
        assert_eq!(stage.ended.is_some(), over, "{status}");
    }
}
