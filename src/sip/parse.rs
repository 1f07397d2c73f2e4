//! From a datagram to a message, tolerant where a phone may err and exact where a reply depends on it.

use super::headers::is_token;
use super::message::{Header, Headers, Message, Method, Request, Response, long_name, text};
use super::uri::decimal;

/// A message and, when something in it must be refused, what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// What could be read.
    pub message: Message,
    /// First fault found; the message is answered 400 (or dropped, when it is a response).
    pub fault: Option<Fault>,
}

/// Not a SIP message: nothing to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotSip {
    /// Nothing but line breaks: a keep-alive.
    #[error("empty datagram (keep-alive)")]
    KeepAlive,
    /// No SIP start line.
    #[error("no SIP start line")]
    StartLine,
}

/// What is wrong with a message; the text is the reason phrase sent back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)] // each is said by its text
pub enum Fault {
    #[error("Bad Request-Line")]
    StartLine,
    #[error("Bad Header Line")]
    HeaderLine,
    #[error("Too Many Headers")]
    HeaderFlood,
    #[error("Bad Content-Length")]
    ContentLength,
    #[error("Content-Length Beyond Datagram")]
    BodyShort,
    #[error("Bad Request-URI")]
    RequestUri,
    #[error("Missing Or Bad Via")]
    Via,
    #[error("Missing Or Bad From")]
    From,
    #[error("Missing Or Bad To")]
    To,
    #[error("Missing Or Bad Call-ID")]
    CallId,
    #[error("Missing Or Bad CSeq")]
    CSeq,
    #[error("CSeq Method Mismatch")]
    CSeqMethod,
    #[error("Bad Max-Forwards")]
    MaxForwards,
    #[error("Bad Contact")]
    Contact,
    #[error("Bad Session Description")]
    Sdp,
}

/// Reads one datagram. Bytes beyond Content-Length are ignored (RFC 3261 18.3).
///
/// # Errors
/// [`NotSip`] when there is nothing that could be answered.
pub fn parse(datagram: &[u8]) -> Result<Parsed, NotSip> {
    let mut lines = Lines { rest: skip_breaks(datagram) };
    let start = lines.next_line().ok_or(NotSip::KeepAlive)?;
    let start = text(start);
    let (mut headers, mut fault) = (Headers::default(), None);
    read_headers(&mut lines, &mut headers, &mut fault);
    let body = match body_of(&headers, lines.rest) {
        Ok(body) => body.to_vec(),
        Err(found) => {
            fault = fault.or(Some(found));
            Vec::new()
        }
    };
    let is_response = start.get(..4).is_some_and(|s| s.eq_ignore_ascii_case("SIP/"));
    let message = if is_response {
        let (status, reason) = status_line(&start)?;
        Message::Response(Response { status, reason, headers, body })
    } else {
        let (method, uri, version, exact) = request_line(&start)?;
        fault = if exact { fault } else { Some(Fault::StartLine) };
        Message::Request(Request { method, uri, version, headers, body })
    };
    Ok(Parsed { message, fault })
}

/// Header fields a message may have; real ones have under 40.
pub const HEADERS_MAX: usize = 256;

/// Bytes of all header values together; the biggest lawful test message (RFC 4475 longreq) has 3 KB.
pub const HEADER_BYTES_MAX: usize = 32 * 1024;

/// Lines ended by CRLF or LF.
struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Lines<'a> {
    fn next_line(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let end = self.rest.iter().position(|b| *b == b'\n');
        let line = &self.rest[..end.unwrap_or(self.rest.len())];
        self.rest = &self.rest[end.map_or(self.rest.len(), |e| e + 1)..];
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }

    /// True when the next line continues the one before (RFC 3261 7.3.1).
    fn folded(&self) -> bool {
        matches!(self.rest.first(), Some(b' ' | b'\t'))
    }
}

fn skip_breaks(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|b| !matches!(b, b'\r' | b'\n')).unwrap_or(bytes.len());
    &bytes[start..]
}

fn read_headers(lines: &mut Lines<'_>, headers: &mut Headers, fault: &mut Option<Fault>) {
    let mut bytes = 0;
    let mut kept: Vec<Header> = Vec::new();
    while let Some(line) = lines.next_line().filter(|line| !line.is_empty()) {
        let mut value = line.to_vec();
        while lines.folded() {
            let next = lines.next_line().unwrap_or_default();
            value = [value.trim_ascii_end(), b" ", next.trim_ascii()].concat();
        }
        bytes += value.len();
        if kept.len() == HEADERS_MAX || bytes > HEADER_BYTES_MAX {
            fault.get_or_insert(Fault::HeaderFlood);
            continue;
        }
        match header(&value) {
            Some(header) => kept.push(header),
            None => {
                fault.get_or_insert(Fault::HeaderLine);
            }
        }
    }
    *headers = Headers::from(kept);
}

fn header(line: &[u8]) -> Option<Header> {
    let colon = line.iter().position(|b| *b == b':')?;
    let name = std::str::from_utf8(line[..colon].trim_ascii_end()).ok().filter(|name| is_token(name))?;
    Some(Header { name: long_name(name), value: line[colon + 1..].trim_ascii().to_vec() })
}

fn body_of<'a>(headers: &Headers, rest: &'a [u8]) -> Result<&'a [u8], Fault> {
    match (headers.count("Content-Length"), headers.get("Content-Length")) {
        (1, Some(length)) => {
            let length: usize = decimal(&length).ok_or(Fault::ContentLength)?;
            rest.get(..length).ok_or(Fault::BodyShort)
        }
        (0, _) => Ok(rest),
        _ => Err(Fault::ContentLength),
    }
}

fn status_line(line: &str) -> Result<(u16, String), NotSip> {
    let mut parts = line.splitn(3, ' ');
    let version = parts.next().unwrap_or_default();
    let status = parts.next().filter(|s| s.len() == 3).and_then(decimal::<u16>);
    let status = status.filter(|s| (100..700).contains(s)).ok_or(NotSip::StartLine)?;
    let is_ours = version.eq_ignore_ascii_case("SIP/2.0");
    is_ours.then(|| (status, parts.next().unwrap_or_default().to_string())).ok_or(NotSip::StartLine)
}

/// Method, URI, version and whether the line was exact: two single blanks and nothing around.
fn request_line(line: &str) -> Result<(Method, String, String, bool), NotSip> {
    let trimmed = line.trim_ascii();
    let (method, rest) = trimmed.split_once(' ').ok_or(NotSip::StartLine)?;
    let (uri, version) = rest.rsplit_once(' ').ok_or(NotSip::StartLine)?;
    let is_sip = version.get(..4).is_some_and(|v| v.eq_ignore_ascii_case("SIP/"));
    if !is_token(method) || !is_sip {
        return Err(NotSip::StartLine);
    }
    let exact = trimmed == line && !uri.is_empty() && !uri.contains(|c: char| c.is_whitespace());
    Ok((Method::from_name(method), uri.trim().into(), version.into(), exact))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault_of(datagram: &str) -> Option<Fault> {
        parse(datagram.as_bytes()).expect("a SIP start line").fault
    }

    #[test]
    fn bodies_are_cut_by_content_length() {
        let parsed = parse(b"\r\n\r\nOPTIONS sip:a SIP/2.0\r\nl: 2\r\n\r\nabOPTIONS sip:b SIP/2.0\r\n").expect("SIP");
        assert_eq!(parsed.fault, None);
        assert!(matches!(parsed.message, Message::Request(Request { ref body, .. }) if body == b"ab"));
        let parsed = parse(b"OPTIONS sip:a SIP/2.0\n\nall of it").expect("SIP");
        assert!(matches!(parsed.message, Message::Request(Request { ref body, .. }) if body == b"all of it"));
    }

    #[test]
    fn impossible_lengths_are_faults() {
        for length in ["3", "-999", "18446744073709551615", "18446744073709551616", "", "1 2"] {
            assert!(
                fault_of(&format!("OPTIONS sip:a SIP/2.0\r\nContent-Length: {length}\r\n\r\nab")).is_some(),
                "{length}"
            );
        }
        assert_eq!(fault_of("OPTIONS sip:a SIP/2.0\r\nl: 0\r\nContent-Length: 0\r\n\r\n"), Some(Fault::ContentLength));
    }

    #[test]
    fn header_floods_are_cut() {
        let flood = format!("OPTIONS sip:a SIP/2.0\r\n{}\r\n", "X: y\r\n".repeat(HEADERS_MAX + 1));
        assert_eq!(fault_of(&flood), Some(Fault::HeaderFlood));
        let long = format!("OPTIONS sip:a SIP/2.0\r\nX: {}\r\n\r\n", "y".repeat(HEADER_BYTES_MAX));
        assert_eq!(fault_of(&long), Some(Fault::HeaderFlood));
    }

    #[test]
    fn latin1_and_folding_survive() {
        let parsed = parse(b"OPTIONS sip:a SIP/2.0\r\nf :\r\n \"M\xfcller\"\r\n\t<sip:m@b>\r\n\r\n").expect("SIP");
        let Message::Request(request) = parsed.message else { panic!("a request was sent") };
        assert_eq!(request.headers.get("FROM").as_deref(), Some("\"Müller\" <sip:m@b>"));
    }

    #[test]
    fn other_protocols_are_not_sip() {
        for text in ["", "\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "SIP/2.0 4294967301 no\r\n\r\n", "hello", "SIP/2.0"] {
            assert!(parse(text.as_bytes()).is_err(), "{text:?}");
        }
    }
}
