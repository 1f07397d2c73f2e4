//! Keys in INFO (application/dtmf-relay and application/dtmf): older than any RFC, and still what some gateways send.

use std::net::SocketAddr;
use std::time::Instant;

use super::dialog::DialogId;
use super::endpoint::Endpoint;
use super::event::Event;
use super::message::{Headers, Request, text};
use super::screen::Essentials;

impl Endpoint {
    /// 200 whatever it is about, kept for repetitions: a key that is told again because the answer was lost counts once.
    pub(super) fn on_info(
        &mut self,
        id: DialogId,
        request: &Request,
        read: &Essentials,
        source: SocketAddr,
        now: Instant,
    ) {
        if !self.reply_kept(request, read, source, now) {
            return;
        }
        if let Some(dialog) = self.dialogs.get_mut(&id) {
            dialog.remote_cseq = Some(read.cseq.number);
        }
        self.events.extend(key(&request.headers, &request.body).map(|key| Event::Key { dialog: id, key }));
    }
}

/// The key an INFO tells of; none when it is about something else.
pub(super) fn key(headers: &Headers, body: &[u8]) -> Option<char> {
    let content = headers.get("Content-Type")?.to_ascii_lowercase();
    let body = text(body.get(..BODY_BYTES_MAX.min(body.len()))?);
    match content.split(';').next().unwrap_or_default().trim() {
        "application/dtmf-relay" => body.lines().find_map(|line| {
            let (name, value) = line.split_once(['=', ':'])?;
            name.trim().eq_ignore_ascii_case("signal").then(|| signal(value)).flatten()
        }),
        "application/dtmf" => signal(&body),
        _ => None,
    }
}

/// A key as written, or as the number of its event (RFC 4733 section 3.2).
fn signal(value: &str) -> Option<char> {
    let value = value.trim();
    let mut chars = value.chars();
    match (chars.next()?, chars.next()) {
        (key @ ('0'..='9' | '*' | '#'), None) => Some(key),
        (key @ ('a'..='d' | 'A'..='D'), None) => Some(key.to_ascii_uppercase()),
        _ => value.parse::<usize>().ok().and_then(|event| EVENTS.get(event.checked_sub(10)?)).copied(),
    }
}

/// Events from 10 on.
const EVENTS: [char; 6] = ['*', '#', 'A', 'B', 'C', 'D'];
/// Nothing longer is a key.
const BODY_BYTES_MAX: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &str, body: &str) -> Option<char> {
        let mut headers = Headers::default();
        headers.push("Content-Type", content);
        key(&headers, body.as_bytes())
    }

    #[test]
    fn both_bodies_in_their_spellings() {
        assert_eq!(read("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n"), Some('5'));
        assert_eq!(read("Application/DTMF-Relay; x=y", "Duration= 250\nSignal= * \n"), Some('*'));
        assert_eq!(read("application/dtmf-relay", "Signal=11\r\nDuration=160"), Some('#'));
        assert_eq!(read("application/dtmf", "d"), Some('D'));
        assert_eq!(read("application/dtmf", "10"), Some('*'));
    }

    #[test]
    fn what_is_no_key_is_none() {
        for (content, body) in [
            ("application/dtmf-relay", "Signal=16\r\n"),
            ("application/dtmf-relay", "Signal=\r\n"),
            ("application/dtmf-relay", ""),
            ("application/dtmf", "123"),
            ("application/dtmf", "é"),
            ("application/sdp", "5"),
            ("application/media_control+xml", "<media_control/>"),
        ] {
            assert_eq!(read(content, body), None, "{content} {body:?}");
        }
    }
}
