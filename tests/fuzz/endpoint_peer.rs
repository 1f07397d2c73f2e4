//! The far end of a fuzzed endpoint: remembers the dialogs it is in, so that what it sends next can reach deep.

use crate::mutate::Dice;
use crate::{lines, seeds};

/// Dialogs and transactions as seen from outside.
pub struct Peer {
    seeds: Vec<Vec<u8>>,
    descriptions: Vec<Vec<u8>>,
    /// Calls that ring or were answered, newest last.
    dialogs: Vec<Known>,
    /// Requests the endpoint sent, newest last.
    asked: Vec<Vec<u8>>,
    next: u32,
}

/// What a request inside a dialog has to carry.
struct Known {
    call_id: String,
    /// The endpoint's.
    tag: String,
    /// Of the INVITE that was answered.
    cseq: u32,
    /// Number of the provisional answer that waits for a PRACK.
    rseq: String,
}

impl Peer {
    /// Knows nobody yet.
    pub fn new() -> Self {
        let (seeds, descriptions) = (seeds::messages(), seeds::descriptions());
        Self { seeds, descriptions, dialogs: Vec::new(), asked: Vec::new(), next: 0 }
    }

    /// What the endpoint sent: a response names a dialog, a request wants a response.
    pub fn hears(&mut self, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        if !text.starts_with("SIP/2.0 ") {
            remember(&mut self.asked, bytes.to_vec());
        } else if let Some(known) = answered_invite(&text) {
            remember(&mut self.dialogs, known);
        }
    }

    /// The next datagram: a new call, something inside one, a response, or a known text; whole or broken.
    pub fn next(&mut self, dice: &mut Dice) -> Vec<u8> {
        let mut bytes = match dice.roll(10) {
            0 => self.call(dice),
            1..=6 if !self.dialogs.is_empty() => self.inside(dice),
            7 if !self.asked.is_empty() => self.response(dice),
            8 => return dice.bytes(&self.seeds),
            _ => return lines::make(dice, &self.seeds),
        };
        for _ in 0..dice.roll(5).saturating_sub(2) {
            lines::change(dice, &mut bytes, &self.seeds);
        }
        bytes
    }

    fn call(&mut self, dice: &mut Dice) -> Vec<u8> {
        // Some come twice: a retransmission, or a merged request.
        self.next += u32::from(dice.roll(4) > 0);
        let (n, branch) = (self.next, self.next + u32::from(dice.roll(6) == 0));
        seeds::invite(dice.pick::<str>(&EXTRAS), &format!("call{n}"), &format!("z9hG4bKf{branch}"))
    }

    fn inside(&self, dice: &mut Dice) -> Vec<u8> {
        let Known { call_id, tag, cseq, rseq } = &self.dialogs[dice.roll(self.dialogs.len())];
        let method = METHODS[dice.roll(METHODS.len())];
        let first = cseq;
        let cseq = match method {
            "ACK" | "CANCEL" => *cseq,
            // Mostly the next number, sometimes an old one, sometimes a gap.
            _ => (cseq + 1 + dice.roll(3) as u32).saturating_sub(dice.roll(3) as u32),
        };
        // CANCEL and the ACK of a refusal carry the INVITE's branch, everything else one of its own.
        let branch = match (call_id.strip_prefix("call"), dice.roll(2)) {
            (Some(n), 0) => format!("z9hG4bKf{n}"),
            _ => format!("z9hG4bKg{}", dice.roll(100_000)),
        };
        let to = if method == "CANCEL" { String::new() } else { format!(";tag={tag}") };
        let body = match dice.roll(3) {
            0 => dice.pick::<[u8]>(&self.descriptions).to_vec(),
            _ => Vec::new(),
        };
        let extra = dice.pick::<str>(&EXTRAS).replace("OTHER", call_id).replace("TAG", tag);
        let head = format!(
            "{method} sip:demo@127.0.0.1:5060;transport=udp SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5070;branch={branch};rport\r\n\
             Max-Forwards: 70\r\nFrom: \"Ann\" <sip:+12125550123@127.0.0.1>;tag=a1\r\nTo: <sip:demo@127.0.0.1>{to}\r\n\
             Call-ID: {call_id}\r\nCSeq: {cseq} {method}\r\nContact: <sip:ann@127.0.0.1:5070>\r\nRAck: {rseq} {first} INVITE\r\n{extra}\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        [head.into_bytes(), body].concat()
    }

    /// An answer to one of the endpoint's own requests.
    fn response(&self, dice: &mut Dice) -> Vec<u8> {
        let request = String::from_utf8_lossy(&self.asked[dice.roll(self.asked.len())]).into_owned();
        let status = STATUSES[dice.roll(STATUSES.len())];
        let mut head = format!("SIP/2.0 {status} Whatever\r\n");
        for name in ["Via", "From", "Call-ID", "CSeq"] {
            if let Some(value) = header(&request, name) {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        let tag = if dice.roll(4) > 0 { format!(";tag=far{}", dice.roll(3)) } else { String::new() };
        let body = dice.pick::<[u8]>(&self.descriptions).to_vec();
        head.push_str(dice.pick::<str>(&EXTRAS));
        head.push_str(&format!(
            "To: {}{tag}\r\nContact: <sip:far@127.0.0.1:5070>\r\nRecord-Route: <sip:127.0.0.1:5070;lr>\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n",
            header(&request, "To").unwrap_or_default(),
            body.len()
        ));
        [head.into_bytes(), body].concat()
    }
}

/// A response below 300 to an INVITE.
fn answered_invite(text: &str) -> Option<Known> {
    let status = text.get(8..11)?.parse::<u16>().ok()?;
    let (cseq, method) = header(text, "CSeq")?.split_once(' ')?;
    let (_, tag) = header(text, "To")?.split_once(";tag=")?;
    let (call_id, tag) = (header(text, "Call-ID")?.to_owned(), tag.to_owned());
    let rseq = header(text, "RSeq").unwrap_or("1").to_owned();
    (status < 300 && method == "INVITE").then_some(Known { call_id, tag, cseq: cseq.parse().ok()?, rseq })
}

fn header<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    message.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn remember<T>(kept: &mut Vec<T>, new: T) {
    if kept.len() == KEPT {
        kept.remove(0);
    }
    kept.push(new);
}

/// Dialogs, and requests, that are played with at once: few, so that each gets many messages.
const KEPT: usize = 6;
const METHODS: [&str; 14] = [
    "ACK", "ACK", "ACK", "BYE", "CANCEL", "INVITE", "INVITE", "OPTIONS", "INFO", "UPDATE", "PRACK", "REFER", "NOTIFY",
    "MESSAGE",
];
const STATUSES: [u16; 17] = [100, 180, 183, 199, 200, 200, 202, 302, 401, 405, 407, 422, 481, 486, 491, 603, 699];
/// Headers of session timers, reliable answers and transfers: right, wrong and absurd.
const EXTRAS: [&str; 16] = [
    "",
    "",
    "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n",
    "k: 100rel, timer\r\nx: 1800\r\nMin-SE: 3600\r\nAllow: UPDATE\r\n",
    "Session-Expires: 4294967295;refresher=uas\r\nMin-SE: 4294967295\r\n",
    "Supported: timer\r\nSession-Expires: 0;refresher=\r\nMin-SE: 0\r\n",
    "Session-Expires: ;;;refresher\r\nSession-Expires: -1\r\nMin-SE: ,\r\n",
    "Require: 100rel\r\n",
    "Require: 100rel\r\nRSeq: 1\r\nAllow: INVITE, UPDATE\r\n",
    "Require: 100rel\r\nRSeq: 4294967295\r\n",
    "Require: timer, 100rel, replaces\r\nRSeq: 99999999999\r\n",
    "Refer-To: <sip:maria@127.0.0.1:5070?Replaces=a%3Bto-tag%3Db>\r\n",
    "Refer-To: tel:+1\r\nRefer-To: <>\r\n",
    "Replaces: OTHER;to-tag=TAG;from-tag=a1;early-only\r\n",
    "Replaces: OTHER;from-tag=a1;to-tag=TAG\r\nRequire: replaces\r\n",
    "Replaces: ;to-tag;=;from-tag\r\n",
];
