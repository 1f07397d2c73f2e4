//! A booking is confirmed by mail and by a signed web request, once each, whatever the first answer was.

use std::process::Command;
use std::sync::Arc;

use base64::Engine;
use offhook::call::{CallRecord, Disposition};
use offhook::conversation::{Booking, Outcome};
use offhook::crm::BuiltIn;
use offhook::outbox::{Confirmations, Doors, Mail, MailSettings, Outbox, Webhook};
use offhook::store::JobState;
use serde_json::Value;

use crate::fixtures::{at, call, db, ended, harbor, quick};
use crate::post_office::PostOffice;

fn confirmations(office: &PostOffice) -> Confirmations {
    let mail = MailSettings {
        url: office.smtp(),
        login: None,
        from: "Harbor <desk@example.com>".into(),
        to: vec!["office@example.com".into()],
    };
    let webhook = Webhook::new(&office.hook(), "whsec_c2VjcmV0").unwrap();
    Confirmations { mail: Some(Mail::new(&mail).unwrap()), webhook: Some(webhook) }
}

fn booking() -> Booking {
    Booking {
        appointment_id: "a-1".into(),
        service: "cleaning".into(),
        starts_at: at("2026-11-24T15:00:00Z"),
        ends_at: at("2026-11-24T15:30:00Z"),
    }
}

async fn ends(office: &PostOffice, calls: Vec<CallRecord>) -> Vec<(String, JobState)> {
    let db = db().await;
    let crm = Arc::new(BuiltIn::new(db.store.clone()));
    let businesses = vec![Arc::new(harbor())];
    let doors = Doors { crm, calendar: None, businesses, confirmations: confirmations(office) };
    let outbox = Outbox::start_with(db.store.clone(), doors, quick()).await.unwrap();
    for call in calls {
        outbox.hand_off().ended(call.clone());
        // Handed over twice: it is one end.
        outbox.hand_off().ended(call);
    }
    outbox.drained().await;
    outbox.stop().await;
    let jobs = db.store.jobs(None, 100).await.unwrap();
    jobs.into_iter().filter(|job| matches!(job.kind.as_str(), "mail" | "webhook")).map(|j| (j.kind, j.state)).collect()
}

fn with(id: &str, disposition: Disposition, outcome: Outcome) -> CallRecord {
    let named = Outcome { name: Some("Jane Doe".into()), ..outcome };
    CallRecord { outcome: named, ..ended(call(id, Some("+12125550123")), disposition) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_goes_out_once_by_mail_and_web() {
    let office = PostOffice::open();
    let outcome = Outcome { booking: Some(booking()), ..Outcome::default() };
    let jobs = ends(&office, vec![with("c1", Disposition::Booked, outcome)]).await;
    assert_eq!(jobs.len(), 2, "{jobs:?}");
    assert!(jobs.iter().all(|(_, state)| *state == JobState::Done), "{jobs:?}");

    let [mail] = office.kept("mail").try_into().expect("one mail, though the first try was put off");
    let text = mail["text"].as_str().unwrap().replace("=\r\n", "");
    assert_eq!((&mail["from"], &mail["to"][0]), (&"<desk@example.com>".into(), &"<office@example.com>".into()));
    for wanted in [
        "Subject: Appointment confirmed: cleaning, Tuesday",
        "Message-ID: <",
        "method=REQUEST",
        "BEGIN:VCALENDAR",
        "METHOD:REQUEST",
        "UID:a-1@offhook",
        "DTSTART:20261124T150000Z",
        "DTEND:20261124T153000Z",
        "ORGANIZER:mailto:desk@example.com",
        "ATTENDEE:mailto:office@example.com",
        "Jane Doe, +12125550123",
    ] {
        assert!(text.replace("=3D", "=").contains(wanted), "{wanted}:\n{text}");
    }

    let [hook] = office.kept("hook").try_into().expect("one request that was taken");
    let [refused] = office.kept("refused").try_into().expect("one that was not");
    let header = |name: &str| hook["headers"][name].as_str().unwrap().to_owned();
    assert_eq!(refused["headers"]["webhook-id"].as_str(), Some(header("webhook-id").as_str()), "the same id again");
    let body = hook["body"].as_str().unwrap();
    let told: Value = serde_json::from_str(body).unwrap();
    assert_eq!(told["type"], "appointment.booked");
    assert_eq!(told["data"]["starts_at"], "2026-11-24T10:00:00-05:00");
    assert_eq!((&told["data"]["phone"], &told["data"]["call_id"]), (&"+12125550123".into(), &"c1".into()));
    assert_eq!(header("webhook-signature"), signed(&header("webhook-id"), &header("webhook-timestamp"), body));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_takes_the_invitation_back_and_a_question_confirms_nothing() {
    let office = PostOffice::open();
    let moved = Outcome { moved: Some(booking()), ..Outcome::default() };
    let off = Outcome { cancelled: Some(booking()), ..Outcome::default() };
    let later = |call: CallRecord| CallRecord { started_at: at("2026-11-23T16:00:00Z"), ..call };
    let calls = vec![
        with("c1", Disposition::Rescheduled, moved),
        later(with("c2", Disposition::Cancelled, off)),
        with("c3", Disposition::InfoOnly, Outcome::default()),
    ];
    assert_eq!(ends(&office, calls).await.len(), 4);
    let version = |text: &str| -> u64 {
        let line = text.lines().find_map(|line| line.strip_prefix("SEQUENCE:")).expect("a version");
        line.trim().parse().unwrap()
    };
    let texts: Vec<String> = office.kept("mail").iter().map(|mail| mail["text"].as_str().unwrap().to_owned()).collect();
    let moved = texts.iter().find(|text| text.contains("METHOD:REQUEST")).expect("the move");
    let off = texts.iter().find(|text| text.contains("METHOD:CANCEL")).expect("the cancellation");
    assert!(off.contains("STATUS:CANCELLED") && off.contains("UID:a-1@offhook"), "{off}");
    assert!(0 < version(moved) && version(moved) < version(off), "the later word counts");
}

/// The signature worked out by another program.
fn signed(id: &str, seconds: &str, body: &str) -> String {
    let script = "import base64,hashlib,hmac,sys\n\
                  print(base64.b64encode(hmac.new(b'secret', sys.argv[1].encode(), hashlib.sha256).digest()).decode())";
    let content = format!("{id}.{seconds}.{body}");
    let out = Command::new("python3").args(["-c", script, &content]).output().expect("python3");
    assert_eq!(base64::engine::general_purpose::STANDARD.decode("c2VjcmV0").unwrap(), b"secret");
    format!("v1,{}", String::from_utf8(out.stdout).unwrap().trim())
}
