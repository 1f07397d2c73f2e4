//! From messages to bytes.

use super::message::{Headers, Request, Response};

/// Bytes of a request; Content-Length is written here.
pub(super) fn request(message: &Request) -> Vec<u8> {
    let start = format!("{} {} {}\r\n", message.method, message.uri, message.version);
    assemble(start, &message.headers, &message.body)
}

/// Bytes of a response; Content-Length is written here.
pub(super) fn response(message: &Response) -> Vec<u8> {
    let reason: String = message.reason.chars().filter(|c| !c.is_control()).collect();
    assemble(format!("SIP/2.0 {} {reason}\r\n", message.status), &message.headers, &message.body)
}

/// Phrase for a status we send.
pub(super) fn reason_phrase(status: u16) -> &'static str {
    REASONS.iter().find(|(known, _)| *known == status).map_or("Refused", |(_, reason)| reason)
}

fn assemble(start: String, headers: &Headers, body: &[u8]) -> Vec<u8> {
    let mut out = start.into_bytes();
    for header in headers.iter().filter(|h| !h.name.eq_ignore_ascii_case("Content-Length")) {
        out.extend_from_slice(header.name.as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(&header.value);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
    out.extend_from_slice(body);
    out
}

const REASONS: [(u16, &str); 29] = [
    (100, "Trying"),
    (180, "Ringing"),
    (183, "Session Progress"),
    (200, "OK"),
    (202, "Accepted"),
    (400, "Bad Request"),
    (403, "Forbidden"),
    (404, "Not Found"),
    (405, "Method Not Allowed"),
    (406, "Not Acceptable"),
    (408, "Request Timeout"),
    (415, "Unsupported Media Type"),
    (416, "Unsupported URI Scheme"),
    (420, "Bad Extension"),
    (422, "Session Interval Too Small"),
    (480, "Temporarily Unavailable"),
    (481, "Call/Transaction Does Not Exist"),
    (482, "Loop Detected"),
    (486, "Busy Here"),
    (487, "Request Terminated"),
    (488, "Not Acceptable Here"),
    (489, "Bad Event"),
    (491, "Request Pending"),
    (500, "Server Internal Error"),
    (501, "Not Implemented"),
    (503, "Service Unavailable"),
    (504, "Server Time-out"),
    (505, "Version Not Supported"),
    (603, "Decline"),
];
