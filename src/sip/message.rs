//! Messages as values: untyped headers in order, as received; typed ones are read on demand (`headers`).

use std::borrow::Cow;
use std::fmt;

/// A request method, case-sensitive (RFC 3261 7.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the names are the protocol's own
pub enum Method {
    Invite,
    Ack,
    Bye,
    Cancel,
    Options,
    Register,
    Info,
    Update,
    Prack,
    Refer,
    Notify,
    Subscribe,
    Message,
    Publish,
    /// A name this room does not know.
    Other(String),
}

impl Method {
    /// From the wire; every token is some method.
    pub fn from_name(name: &str) -> Self {
        match KNOWN.iter().find(|(known, _)| *known == name) {
            Some((_, method)) => method.clone(),
            None => Self::Other(name.into()),
        }
    }

    /// Name on the wire.
    pub fn name(&self) -> &str {
        match self {
            Self::Other(name) => name,
            known => KNOWN.iter().find(|(_, method)| method == known).map_or("", |(name, _)| name),
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One header field: long name as known or as written, value unfolded, bytes kept (a name may be Latin-1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Name; compact forms are written out.
    pub name: String,
    /// Value without surrounding blanks.
    pub value: Vec<u8>,
}

/// Header fields in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<Header>);

impl Headers {
    /// Adds a field at the end. Line breaks in the value become blanks: nobody injects a header through a value.
    pub fn push(&mut self, name: &str, value: impl AsRef<[u8]>) {
        let clean = |b: &u8| if matches!(b, b'\r' | b'\n') { b' ' } else { *b };
        self.0.push(Header { name: long_name(name), value: value.as_ref().iter().map(clean).collect() });
    }

    /// One field of that name with this value, in place of any there are.
    pub fn set(&mut self, name: &str, value: impl AsRef<[u8]>) {
        self.0.retain(|field| !field.name.eq_ignore_ascii_case(name));
        self.push(name, value);
    }

    /// All fields in order.
    pub fn iter(&self) -> impl Iterator<Item = &Header> {
        self.0.iter()
    }

    /// Number of fields.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True without fields.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// First value of that name, as bytes.
    pub fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find(|h| h.name.eq_ignore_ascii_case(name)).map(|h| h.value.as_slice())
    }

    /// Every value of that name, as bytes.
    pub fn bytes_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().filter(move |h| h.name.eq_ignore_ascii_case(name)).map(|h| h.value.as_slice())
    }

    /// First value of that name, as text.
    pub fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self.bytes(name).map(text)
    }

    /// Fields of that name.
    pub fn count(&self, name: &str) -> usize {
        self.bytes_all(name).count()
    }

    /// All elements of a comma-separated header over all its fields, in order.
    pub fn list(&self, name: &str) -> Vec<String> {
        self.bytes_all(name).flat_map(|value| super::headers::split_outside(&text(value), ',')).collect()
    }

    /// Whether a list of option tags (Require, Supported) has this one.
    pub(super) fn has_tag(&self, name: &str, tag: &str) -> bool {
        self.list(name).iter().any(|one| one.eq_ignore_ascii_case(tag))
    }
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Request-URI as written; it may be no URI at all.
    pub uri: String,
    /// "SIP/2.0", or what else was written.
    pub version: String,
    /// Header fields.
    pub headers: Headers,
    /// Body as cut by Content-Length.
    pub body: Vec<u8>,
}

/// A response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// 100..=699.
    pub status: u16,
    /// Reason phrase, may be empty.
    pub reason: String,
    /// Header fields.
    pub headers: Headers,
    /// Body as cut by Content-Length.
    pub body: Vec<u8>,
}

/// Either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Asks.
    Request(Request),
    /// Answers.
    Response(Response),
}

/// Text of header bytes: UTF-8, else Latin-1 (never fails, never loses a byte's meaning).
pub(super) fn text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().map(|&b| char::from(b)).collect()),
    }
}

/// Long name for a compact one (RFC 3261 7.3.3 and the IANA registry); others as written.
pub(super) fn long_name(name: &str) -> String {
    let compact = |(short, _): &&(char, &str)| name.len() == 1 && name.eq_ignore_ascii_case(&short.to_string());
    COMPACT.iter().find(compact).map_or(name, |(_, long)| long).to_string()
}

/// Compact header names.
const COMPACT: [(char, &str); 19] = [
    ('a', "Accept-Contact"),
    ('b', "Referred-By"),
    ('c', "Content-Type"),
    ('d', "Request-Disposition"),
    ('e', "Content-Encoding"),
    ('f', "From"),
    ('i', "Call-ID"),
    ('j', "Reject-Contact"),
    ('k', "Supported"),
    ('l', "Content-Length"),
    ('m', "Contact"),
    ('n', "Identity-Info"),
    ('o', "Event"),
    ('r', "Refer-To"),
    ('s', "Subject"),
    ('t', "To"),
    ('u', "Allow-Events"),
    ('v', "Via"),
    ('x', "Session-Expires"),
];

const KNOWN: [(&str, Method); 14] = [
    ("INVITE", Method::Invite),
    ("ACK", Method::Ack),
    ("BYE", Method::Bye),
    ("CANCEL", Method::Cancel),
    ("OPTIONS", Method::Options),
    ("REGISTER", Method::Register),
    ("INFO", Method::Info),
    ("UPDATE", Method::Update),
    ("PRACK", Method::Prack),
    ("REFER", Method::Refer),
    ("NOTIFY", Method::Notify),
    ("SUBSCRIBE", Method::Subscribe),
    ("MESSAGE", Method::Message),
    ("PUBLISH", Method::Publish),
];

impl From<Vec<Header>> for Headers {
    fn from(fields: Vec<Header>) -> Self {
        Self(fields)
    }
}
