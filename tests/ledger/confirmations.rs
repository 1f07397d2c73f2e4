//! A booking is confirmed by mail and by a signed web request, once each, whatever the first answer was.

use std::process::Command;
use std::sync::Arc;

use base64::Engine;
use offhook::call::{CallRecord, Disposition};
use offhook::conversation::{Booking, Outcome};
use offhook::crm::{BuiltIn, Crm, Fields, Object};
use offhook::outbox::{Confirmations, Doors, Mail, MailSettings, Notify, Outbox, Webhook};
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
    let webhook = Webhook::new(&office.hook(), "whsec_YSBzZWNyZXQgb2YgdHdlbnR5LWZvdXIh").unwrap();
    Confirmations { mail: Some(Mail::new(&mail).unwrap()), webhook: Some(webhook), customer: Notify::default() }
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
    let jobs = ends_with(confirmations(office), calls, None).await;
    jobs.into_iter().filter(|(kind, _)| matches!(kind.as_str(), "mail" | "webhook")).collect()
}

/// What became of every row; `known`: the caller's address as the contact store has it.
async fn ends_with(
    confirmations: Confirmations,
    calls: Vec<CallRecord>,
    known: Option<&str>,
) -> Vec<(String, JobState)> {
    let db = db().await;
    let crm = Arc::new(BuiltIn::new(db.store.clone()));
    if let Some(email) = known {
        let fields = [("phone".to_owned(), "+12125550123".into()), ("email".to_owned(), email.into())];
        crm.create("harbor", Object::Contact, "before", &Fields::from(fields)).await.unwrap();
    }
    let businesses = vec![Arc::new(harbor())];
    let doors = Doors { crm, calendar: None, businesses, confirmations };
    let outbox = Outbox::start_with(db.store.clone(), doors, quick()).await.unwrap();
    for call in calls {
        outbox.hand_off().ended(call.clone());
        // Handed over twice: it is one end.
        outbox.hand_off().ended(call);
    }
    outbox.drained().await;
    outbox.stop().await;
    let jobs = db.store.jobs(None, 100).await.unwrap();
    jobs.into_iter().map(|job| (job.kind, job.state)).collect()
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

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_whose_address_is_known_is_written_to() {
    let mine = Some("jane@example.org".to_owned());
    for (known, given) in [(None, mine), (Some("jane@example.org"), None)] {
        let office = PostOffice::open();
        let of = |outcome: Outcome| Outcome { email: given.clone(), ..outcome };
        let at_minute =
            |n: u32, call: CallRecord| CallRecord { started_at: at(&format!("2026-11-23T15:{n:02}:00Z")), ..call };
        let booked = of(Outcome { booking: Some(booking()), ..Outcome::default() });
        let moved = of(Outcome { moved: Some(booking()), ..Outcome::default() });
        let off = of(Outcome { cancelled: Some(booking()), ..Outcome::default() });
        let calls = vec![
            at_minute(0, with("c1", Disposition::Booked, booked)),
            at_minute(10, with("c2", Disposition::Rescheduled, moved)),
            at_minute(20, with("c3", Disposition::Cancelled, off)),
        ];
        let jobs = ends_with(confirmations(&office), calls, known).await;
        let customers: Vec<_> = jobs.iter().filter(|(kind, _)| kind == "customer_mail").collect();
        assert!(customers.len() == 3 && customers.iter().all(|(_, state)| *state == JobState::Done), "{jobs:?}");
        let mut mails: Vec<(u64, String)> = office
            .kept("mail")
            .iter()
            .filter(|mail| mail["to"].as_array().is_some_and(|to| to.iter().any(|one| one == "<jane@example.org>")))
            .map(|mail| {
                assert_eq!(mail["to"].as_array().map(Vec::len), Some(1), "nobody reads another's address");
                let text = mail["text"].as_str().unwrap().replace("=\r\n", "").replace("=3D", "=");
                let line = text.lines().find_map(|line| line.strip_prefix("SEQUENCE:")).expect("a version");
                (line.trim().parse().unwrap(), text)
            })
            .collect();
        mails.sort();
        let [(first, booked), (second, moved), (third, off)] = mails.try_into().expect("three mails");
        assert!(first < second && second < third, "{first} {second} {third}");
        for (text, method) in [(&booked, "REQUEST"), (&moved, "REQUEST"), (&off, "CANCEL")] {
            assert!(text.contains(&format!("METHOD:{method}")) && text.contains("UID:a-1@offhook"), "{text}");
            assert!(text.contains("ATTENDEE:mailto:jane@example.org") && !text.contains("+12125550123"), "{text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_business_may_leave_customers_alone() {
    let office = PostOffice::open();
    let of = |outcome: Outcome| Outcome { email: Some("jane@example.org".into()), ..outcome };
    let calls = vec![
        with("c1", Disposition::Booked, of(Outcome { booking: Some(booking()), ..Outcome::default() })),
        with("c2", Disposition::Cancelled, of(Outcome { cancelled: Some(booking()), ..Outcome::default() })),
        with("c3", Disposition::InfoOnly, of(Outcome::default())),
    ];
    let customer = Notify { booked: false, ..Notify::default() };
    let jobs = ends_with(Confirmations { customer, ..confirmations(&office) }, calls, None).await;
    assert_eq!(jobs.iter().filter(|(kind, _)| kind == "customer_mail").count(), 1, "{jobs:?}");
    let theirs: Vec<Value> = office.kept("mail").into_iter().filter(|m| m["to"][0] == "<jane@example.org>").collect();
    let [off] = theirs.try_into().expect("one mail");
    assert!(off["text"].as_str().unwrap().contains("METHOD:CANCEL"));
}

/// The signature worked out by another program.
fn signed(id: &str, seconds: &str, body: &str) -> String {
    let script = "import base64,hashlib,hmac,sys\n\
                  print(base64.b64encode(hmac.new(b'a secret of twenty-four!', sys.argv[1].encode(), hashlib.sha256).digest()).decode())";
    let content = format!("{id}.{seconds}.{body}");
    let out = Command::new("python3").args(["-c", script, &content]).output().expect("python3");
    assert_eq!(
        base64::engine::general_purpose::STANDARD.decode("YSBzZWNyZXQgb2YgdHdlbnR5LWZvdXIh").unwrap(),
        b"a secret of twenty-four!"
    );
    format!("v1,{}", String::from_utf8(out.stdout).unwrap().trim())
}
