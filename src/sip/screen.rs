//! What every request must have, and what we refuse before any state is made.

use super::headers::{CSeq, NameAddr, Via};
use super::message::{Headers, Method, Request};
use super::parse::Fault;
use super::sdp::Session;
use super::uri::{Uri, decimal};

/// Headers without which nothing can be done, read.
#[derive(Debug, Clone)]
pub(super) struct Essentials {
    pub(super) via: Via,
    pub(super) via_text: String,
    pub(super) from: NameAddr,
    pub(super) to: NameAddr,
    pub(super) call_id: String,
    pub(super) cseq: CSeq,
    pub(super) uri: Uri,
}

impl Essentials {
    pub(super) fn read(request: &Request) -> Result<Self, Fault> {
        let headers = &request.headers;
        let vias = headers.list("Via");
        let hops: Option<Vec<Via>> = vias.iter().map(|via| Via::parse(via)).collect();
        let via = hops.and_then(|hops| hops.into_iter().next()).ok_or(Fault::Via)?;
        let from = NameAddr::parse(&only(headers, "From", Fault::From)?).ok_or(Fault::From)?;
        let to = NameAddr::parse(&only(headers, "To", Fault::To)?).ok_or(Fault::To)?;
        let call_id = only(headers, "Call-ID", Fault::CallId)?;
        let cseq = CSeq::parse(&only(headers, "CSeq", Fault::CSeq)?).ok_or(Fault::CSeq)?;
        // An unknown method is 501 first, whatever CSeq says (RFC 4475 3.1.2.18).
        if cseq.method != request.method && !matches!(request.method, Method::Other(_)) {
            return Err(Fault::CSeqMethod);
        }
        if call_id.is_empty() || call_id.contains(char::is_whitespace) {
            return Err(Fault::CallId);
        }
        check_rest(headers)?;
        let uri: Uri = request.uri.parse().map_err(|_| Fault::RequestUri)?;
        if uri.has_headers() {
            return Err(Fault::RequestUri);
        }
        let via_text = vias.into_iter().next().unwrap_or_default();
        Ok(Self { via, via_text, from, to, call_id, cseq, uri })
    }
}

/// Whether it is one of the programs that look for open telephone systems, by its own word.
pub(super) fn is_scanner(headers: &Headers) -> bool {
    ["User-Agent", "From", "To"].iter().filter_map(|name| headers.get(name)).any(|value| {
        let value = value.to_ascii_lowercase();
        SCANNERS.iter().any(|scanner| value.contains(scanner))
    })
}

/// A refusal that needs no state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refuse {
    pub(super) status: u16,
    pub(super) extra: Vec<(&'static str, String)>,
}

/// Looks at a request that is neither ACK nor CANCEL, in the order of RFC 3261 8.2.
pub(super) fn refuse(request: &Request, read: &Essentials, in_dialog: bool) -> Option<Refuse> {
    refuse_method(&request.method, in_dialog)
        .or_else(|| refuse_scheme(&read.uri))
        .or_else(|| refuse_extension(&request.headers))
        .or_else(|| if request.method == Method::Invite { refuse_content(request) } else { None })
}

/// Offer or answer in a body: plain SDP or a part of a multipart body.
pub(super) fn description(headers: &Headers, body: &[u8]) -> Result<Option<Session>, Fault> {
    let content = headers.get("Content-Type").unwrap_or_default().into_owned();
    let found = if body.trim_ascii().is_empty() {
        None
    } else if media_type(&content).starts_with("multipart/") {
        sdp_part(&content, body)
    } else {
        let is_sdp = media_type(&content) == SDP_TYPE || (content.is_empty() && body.starts_with(b"v=0"));
        is_sdp.then_some(body)
    };
    found.map(|body| Session::parse(body).map_err(|_| Fault::Sdp)).transpose()
}

/// Methods we serve.
pub(super) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, REFER, NOTIFY, UPDATE, PRACK";

/// Extensions we know.
pub(super) const EXTENSIONS: &str = "100rel, replaces, timer";

/// Bodies we read.
pub(super) const SDP_TYPE: &str = "application/sdp";

/// How they call themselves, in lower case.
const SCANNERS: [&str; 14] = [
    "friendly-scanner",
    "friendly-request",
    "sipvicious",
    "sipcli",
    "sip-scan",
    "sipscan",
    "sipptk",
    "siparmyknife",
    "sivus",
    "sundayddr",
    "pplsip",
    "vaxsipuseragent",
    "iwar/",
    "smap ",
];

/// Parts of a multipart body that are looked at.
const BODY_PARTS_MAX: usize = 16;

fn only(headers: &Headers, name: &str, fault: Fault) -> Result<String, Fault> {
    if headers.count(name) != 1 {
        return Err(fault);
    }
    headers.get(name).map(|value| value.into_owned()).ok_or(fault)
}

fn check_rest(headers: &Headers) -> Result<(), Fault> {
    let hops = headers.bytes_all("Max-Forwards").count();
    // RFC 4475 3.3.11: a user agent serves a request whose Max-Forwards is 0; only nonsense is refused.
    if hops > 1 || headers.get("Max-Forwards").is_some_and(|v| decimal::<u8>(&v).is_none()) {
        return Err(Fault::MaxForwards);
    }
    let contacts = headers.list("Contact");
    if contacts.iter().any(|c| c != "*" && NameAddr::parse(c).is_none()) {
        return Err(Fault::Contact);
    }
    Ok(())
}

fn refuse_method(method: &Method, in_dialog: bool) -> Option<Refuse> {
    let allow = || vec![("Allow", ALLOW.to_string())];
    match method {
        Method::Invite | Method::Ack | Method::Bye | Method::Cancel | Method::Options => None,
        Method::Info | Method::Refer | Method::Notify | Method::Update | Method::Prack if in_dialog => None,
        // Nobody makes us call anybody from outside a call.
        Method::Refer => Some(Refuse { status: 403, extra: allow() }),
        Method::Other(_) => Some(Refuse { status: 501, extra: allow() }),
        Method::Info | Method::Update | Method::Prack | Method::Notify if !in_dialog => {
            Some(Refuse { status: 481, extra: Vec::new() })
        }
        _ => Some(Refuse { status: 405, extra: allow() }),
    }
}

fn refuse_scheme(uri: &Uri) -> Option<Refuse> {
    let known = uri.is_sip() || uri.scheme() == "tel";
    (!known).then(|| Refuse { status: 416, extra: Vec::new() })
}

fn refuse_extension(headers: &Headers) -> Option<Refuse> {
    let known = |tag: &str| EXTENSIONS.split(", ").any(|known| known.eq_ignore_ascii_case(tag));
    let unknown = |tag: &String| !tag.is_empty() && !known(tag);
    let required: Vec<String> = headers.list("Require").into_iter().filter(unknown).collect();
    (!required.is_empty()).then(|| Refuse { status: 420, extra: vec![("Unsupported", required.join(", "))] })
}

fn refuse_content(request: &Request) -> Option<Refuse> {
    let headers = &request.headers;
    let accepts = |range: &str| matches!(media_type(range).as_str(), SDP_TYPE | "application/*" | "*/*" | "");
    let accept = headers.list("Accept");
    if !accept.is_empty() && !accept.iter().any(|range| accepts(range)) {
        return Some(Refuse { status: 406, extra: vec![("Accept", SDP_TYPE.into())] });
    }
    if request.body.trim_ascii().is_empty() {
        return None;
    }
    let disposition = headers.get("Content-Disposition").unwrap_or_default().to_ascii_lowercase();
    if disposition.replace(' ', "").contains("handling=optional") {
        return None;
    }
    if headers.list("Content-Encoding").iter().any(|c| !c.is_empty() && !c.eq_ignore_ascii_case("identity")) {
        return Some(Refuse { status: 415, extra: vec![("Accept-Encoding", "identity".into())] });
    }
    let content = headers.get("Content-Type").unwrap_or_default();
    let kind = media_type(&content);
    let bare_sdp = kind.is_empty() && request.body.starts_with(b"v=0");
    let readable = kind == SDP_TYPE || bare_sdp || kind.starts_with("multipart/");
    (!readable).then(|| Refuse { status: 415, extra: vec![("Accept", SDP_TYPE.into())] })
}

/// "type/subtype" in lower case, without parameters and blanks.
fn media_type(value: &str) -> String {
    let kind = value.split(';').next().unwrap_or_default();
    kind.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase()
}

/// The first application/sdp part (RFC 2046 5.1).
fn sdp_part<'a>(content: &str, body: &'a [u8]) -> Option<&'a [u8]> {
    let boundary = super::headers::split_outside(content, ';').into_iter().find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"').to_string())
    })?;
    let mark = format!("--{boundary}").into_bytes();
    split_bytes(body, &mark).into_iter().skip(1).find_map(|part| {
        let part = part.strip_prefix(b"\r\n").or_else(|| part.strip_prefix(b"\n"))?;
        let (head, body) = split_once(part, b"\r\n\r\n").or_else(|| split_once(part, b"\n\n"))?;
        let head = super::message::text(head).to_ascii_lowercase();
        let is_sdp = head.lines().any(|line| line.starts_with("content-type") && line.contains(SDP_TYPE));
        is_sdp.then_some(body)
    })
}

fn split_bytes<'a>(mut bytes: &'a [u8], mark: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    while let Some((part, rest)) = split_once(bytes, mark).filter(|_| parts.len() < BODY_PARTS_MAX) {
        parts.push(part);
        bytes = rest;
    }
    parts.push(bytes);
    parts
}

fn split_once<'a>(bytes: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes.windows(mark.len()).position(|window| window == mark)?;
    Some((&bytes[..at], &bytes[at + mark.len()..]))
}
