//! Our own call to a far end that is written by hand.

use std::time::{Duration, Instant};

use offhook::sip::{DialogId, Endpoint, Event, FromIdentity};

use crate::line::{CALLEE, CALLER, addr, endpoint, offer};

/// Our side.
pub struct Near {
    pub endpoint: Endpoint,
    pub dialog: DialogId,
    pub now: Instant,
}

impl Near {
    /// Calls; the INVITE.
    pub fn dial() -> (Self, String) {
        let (mut endpoint, now) = (endpoint(CALLER, &[], 1), Instant::now());
        let from = FromIdentity { display: None, uri: "sip:x@y".parse().expect("a URI") };
        let target = "sip:a@b".parse().expect("a URI");
        let dialog = endpoint.invite(target, addr(CALLEE), from, offer(), Vec::new(), now);
        let mut near = Self { endpoint, dialog, now };
        let invite = near.said().remove(0);
        (near, invite)
    }

    /// A call that is up, answered with these headers.
    pub fn up(lines: &str) -> Self {
        let (mut near, invite) = Self::dial();
        let sent = near.hear(&answer(&invite, "200 OK", &with_offer(lines)));
        assert!(sent.len() == 1 && sent[0].starts_with("ACK "), "{sent:?}");
        assert!(matches!(near.events()[..], [Event::Answered { .. }]));
        near
    }

    /// The far end says this; what we say to it.
    pub fn hear(&mut self, message: &str) -> Vec<String> {
        self.endpoint.handle_datagram(addr(CALLEE), addr(CALLER), message.as_bytes(), self.now);
        self.said()
    }

    /// Second after second.
    pub fn wait(&mut self, span: Duration) -> Vec<String> {
        let end = self.now + span;
        let mut all = Vec::new();
        while self.now < end {
            self.now = (self.now + Duration::from_secs(1)).min(end);
            self.endpoint.handle_timeout(self.now);
            all.extend(self.said());
        }
        all
    }

    pub fn said(&mut self) -> Vec<String> {
        let all = std::iter::from_fn(|| self.endpoint.poll_transmit());
        all.map(|t| String::from_utf8_lossy(&t.bytes).into_owned()).collect()
    }

    pub fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.endpoint.poll_event()).collect()
    }
}

/// The far end's answer to our request, under its tag; `rest` is headers, the empty line and a body.
pub fn answer(request: &str, status: &str, rest: &str) -> String {
    let names = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"];
    let lines = request.lines().filter(|line| names.iter().any(|name| line.starts_with(name)));
    let tagged = |line: &str| if line.starts_with("To:") && !line.contains("tag=") { ";tag=far" } else { "" };
    let head: String = lines.map(|line| format!("{line}{}\r\n", tagged(line))).collect();
    format!("SIP/2.0 {status}\r\n{head}Contact: <sip:z@{CALLEE}>\r\n{rest}")
}

/// Headers and an answer.
pub fn with_offer(lines: &str) -> String {
    format!("{lines}Content-Type: application/sdp\r\n\r\n{}", offer())
}

/// A header's value; empty without.
pub fn header(message: &str, name: &str) -> String {
    let line = message.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.unwrap_or_default().trim().to_owned()
}
