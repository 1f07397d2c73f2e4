//! A call of ours that a trunk asks a password for, in virtual time.

use std::time::{Duration, Instant};

use offhook::sip::{Credentials, Dial, DialogId, Endpoint, Event, FromIdentity};

use crate::line::{CALLEE, CALLER, addr, endpoint, offer};

/// Our side; the trunk is played by the test.
struct Box1 {
    endpoint: Endpoint,
    dialog: DialogId,
    now: Instant,
}

impl Box1 {
    fn calls() -> (Self, String) {
        let (mut endpoint, now) = (endpoint(CALLER, &[], 3), Instant::now());
        let call = Dial {
            target: format!("sip:+12125550111@{CALLEE}").parse().unwrap(),
            to: addr(CALLEE),
            from: FromIdentity { display: None, uri: "sip:box@trunk.example".parse().unwrap() },
            contact: addr("192.0.2.1:5099"),
            credentials: Some(Credentials { username: "box".into(), password: "open sesame".into() }),
            sdp: offer(),
            extra_headers: vec![("P-Asserted-Identity".into(), "<sip:+16175550123@trunk.example>".into())],
        };
        let dialog = endpoint.dial(call, now);
        let mut this = Self { endpoint, dialog, now };
        let invite = this.sent().remove(0);
        (this, invite)
    }

    fn sent(&mut self) -> Vec<String> {
        let all = std::iter::from_fn(|| self.endpoint.poll_transmit());
        all.map(|transmit| String::from_utf8(transmit.bytes).unwrap()).collect()
    }

    /// The trunk answers; what we send then.
    fn answered(&mut self, request: &str, status: &str, lines: &str) -> Vec<String> {
        let copied: Vec<&str> = request
            .lines()
            .filter(|line| ["Via:", "From:", "Call-ID:", "CSeq:"].iter().any(|name| line.starts_with(name)))
            .collect();
        let to = line(request, "To:");
        let answer = format!("SIP/2.0 {status}\r\n{}\r\n{to};tag=t1\r\n{lines}", copied.join("\r\n"));
        let answer = if lines.contains("\r\n\r\n") { answer } else { format!("{answer}Content-Length: 0\r\n\r\n") };
        self.endpoint.handle_datagram(addr(CALLEE), addr(CALLER), answer.as_bytes(), self.now);
        self.sent()
    }

    fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.endpoint.poll_event()).collect()
    }

    fn taken(&mut self, request: &str) -> Vec<String> {
        let body = offer();
        let lines = format!(
            "Contact: <sip:t@{CALLEE}>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.answered(request, "200 OK", &lines)
    }
}

fn line<'a>(message: &'a str, name: &str) -> &'a str {
    message.lines().find(|line| line.starts_with(name)).unwrap_or_default()
}

const CHALLENGE: &str = "Proxy-Authenticate: Digest realm=\"trunk\", nonce=\"n1\", algorithm=SHA-256, qop=\"auth\"\r\n";

#[test]
fn a_challenge_is_acknowledged_and_answered_in_the_same_call() {
    let (mut this, invite) = Box1::calls();
    assert!(
        invite.contains("Contact: <sip:offhook@192.0.2.1:5099>") && invite.contains("P-Asserted-Identity"),
        "{invite}"
    );
    let sent = this.answered(&invite, "407 Proxy Authentication Required", CHALLENGE);
    assert_eq!(sent.len(), 2, "{sent:?}");
    assert!(sent[0].starts_with("ACK ") && sent[1].starts_with("INVITE "), "{sent:?}");
    let again = &sent[1];
    assert_eq!(line(again, "Call-ID:"), line(&invite, "Call-ID:"));
    assert_eq!(line(again, "From:"), line(&invite, "From:"));
    assert_eq!(line(again, "CSeq:"), "CSeq: 2 INVITE");
    assert_ne!(line(again, "Via:"), line(&invite, "Via:"));
    let told = line(again, "Proxy-Authorization:");
    assert!(told.contains("username=\"box\"") && told.contains("uri=\"sip:+12125550111@192.0.2.9:5060\""), "{told}");
    assert!(!again.contains("sesame") && again.ends_with(&offer()));
    let sent = this.taken(again);
    assert!(sent[0].starts_with("ACK ") && line(&sent[0], "CSeq:") == "CSeq: 2 ACK", "{sent:?}");
    assert!(matches!(this.events()[..], [Event::Answered { .. }]));
    // The BYE is asked a password for as well.
    this.endpoint.hang_up(this.dialog, this.now);
    let bye = this.sent().remove(0);
    assert_eq!(line(&bye, "CSeq:"), "CSeq: 3 BYE");
    let sent = this.answered(&bye, "401 Unauthorized", &CHALLENGE.replace("Proxy-Authenticate", "WWW-Authenticate"));
    assert!(sent[0].starts_with("BYE ") && line(&sent[0], "CSeq:") == "CSeq: 4 BYE", "{sent:?}");
    assert!(line(&sent[0], "Authorization:").contains("response="));
}

#[test]
fn a_wrong_password_fails_and_is_not_tried_for_ever() {
    let (mut this, invite) = Box1::calls();
    let again = this.answered(&invite, "407 Proxy Authentication Required", CHALLENGE).remove(1);
    let sent = this.answered(&again, "407 Proxy Authentication Required", &CHALLENGE.replace("n1", "n2"));
    assert!(sent.len() == 1 && sent[0].starts_with("ACK "), "{sent:?}");
    assert!(matches!(this.events()[..], [Event::Failed { status: 407, .. }]));
    this.now += Duration::from_secs(40);
    this.endpoint.handle_timeout(this.now);
    assert_eq!((this.endpoint.dialogs(), this.endpoint.transactions()), (0, 0));
}

#[test]
fn a_stale_nonce_and_a_second_gatekeeper_are_answered() {
    let (mut this, invite) = Box1::calls();
    let second = this.answered(&invite, "407 Proxy Authentication Required", CHALLENGE).remove(1);
    let stale = CHALLENGE.replace("n1\"", "n2\", stale=true");
    let third = this.answered(&second, "407 Proxy Authentication Required", &stale).remove(1);
    assert!(line(&third, "Proxy-Authorization:").contains("nonce=\"n2\""));
    let far = CHALLENGE.replace("Proxy-Authenticate", "WWW-Authenticate").replace("n1", "n3");
    let fourth = this.answered(&third, "401 Unauthorized", &far).remove(1);
    assert!(fourth.contains("\r\nProxy-Authorization:") && line(&fourth, "Authorization:").contains("n3"), "{fourth}");
}

#[test]
fn a_call_given_up_before_the_challenge_is_not_asked_again() {
    let (mut this, invite) = Box1::calls();
    this.endpoint.hang_up(this.dialog, this.now);
    let sent = this.answered(&invite, "407 Proxy Authentication Required", CHALLENGE);
    assert!(sent.len() == 1 && sent[0].starts_with("ACK "), "{sent:?}");
    assert_eq!(this.events().len(), 1, "it ended once");
}

#[test]
fn a_call_given_up_after_the_challenge_is_cancelled_as_it_stands() {
    let (mut this, invite) = Box1::calls();
    let again = this.answered(&invite, "407 Proxy Authentication Required", CHALLENGE).remove(1);
    this.answered(&again, "180 Ringing", "");
    this.endpoint.hang_up(this.dialog, this.now);
    let cancel = this.sent().remove(0);
    assert!(cancel.starts_with("CANCEL ") && line(&cancel, "CSeq:") == "CSeq: 2 CANCEL", "{cancel}");
    assert_eq!(line(&cancel, "Via:"), line(&again, "Via:"));
}
