//! Who calls: name and number from P-Asserted-Identity, else From (RFC 3325).

use super::event::Party;
use super::headers::NameAddr;
use super::message::{Headers, text};
use super::uri::Uri;

/// The caller. Without a readable P-Asserted-Identity, From counts.
pub(super) fn caller(headers: &Headers, from: &NameAddr) -> Party {
    let asserted: Vec<NameAddr> =
        headers.list("P-Asserted-Identity").iter().filter_map(|value| NameAddr::parse(value)).collect();
    let withheld =
        headers.list("Privacy").iter().flat_map(|p| p.split(';')).any(|p| p.trim().eq_ignore_ascii_case("id"));
    let number = asserted.iter().chain([from]).find_map(|addr| number(&addr.uri)).filter(|_| !withheld);
    let display = from.display.clone().filter(|name| !name.eq_ignore_ascii_case("anonymous"));
    let asserted_name = asserted.iter().find_map(|addr| addr.display.clone());
    Party { display: asserted_name.or(display).filter(|_| !withheld), uri: from.uri.clone(), number }
}

/// The headers a call flow may want, in order.
pub(super) fn selected(headers: &Headers) -> Vec<(String, String)> {
    let wanted = |name: &str| {
        let vendor = name.get(..2).is_some_and(|x| x.eq_ignore_ascii_case("X-"));
        vendor || SELECTED.iter().any(|s| s.eq_ignore_ascii_case(name))
    };
    headers.iter().filter(|h| wanted(&h.name)).map(|h| (h.name.clone(), text(&h.value).into_owned())).collect()
}

/// Whom the call was meant for, beside its Request-URI: a trunk that calls our Contact names the number here.
pub(super) fn also_called(headers: &Headers, to: &NameAddr) -> Vec<String> {
    let party = headers.list("P-Called-Party-ID").iter().filter_map(|value| NameAddr::parse(value)).next();
    party.iter().chain([to]).filter_map(|address| user(&address.uri)).filter(|user| !user.is_empty()).collect()
}

/// A header of which something is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderSlot {
    /// What it is called where it is kept.
    pub name: String,
    /// The header: one of [`is_told`].
    pub header: String,
    /// One parameter of it; none: its value.
    pub parameter: Option<String>,
}

impl HeaderSlot {
    /// The first thing these headers say of it.
    pub fn said(&self, headers: &[(String, String)]) -> Option<String> {
        let named = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(&self.header));
        named.filter_map(|(name, value)| said(name, value, self.parameter.as_deref())).next()
    }
}

/// Whether a call's header of this name may be asked for by a [`HeaderSlot`].
pub fn is_told(name: &str) -> bool {
    let vendor = name.len() > 2 && name.get(..2).is_some_and(|x| x.eq_ignore_ascii_case("X-"));
    (vendor && super::headers::is_token(name)) || SELECTED.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// What a header of [`is_told`] says, in plain words: of addresses the number, of User-to-User (RFC 7433) the text, and
/// never a control character or more than [`SAID_CHARS_MAX`]. None when it says nothing.
fn said(name: &str, value: &str, parameter: Option<&str>) -> Option<String> {
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    let text = if is("User-to-User") {
        user_to_user(value)
    } else if ADDRESSES.iter().any(|known| is(known)) {
        let first = super::headers::split_outside(value, ',').into_iter().next()?;
        let address = NameAddr::parse(&first)?;
        match parameter {
            Some(parameter) => address.param(parameter).or_else(|| address.uri.param(parameter))?.to_owned(),
            None => user(&address.uri).unwrap_or_else(|| address.uri.to_string()),
        }
    } else {
        let wanted = |part: &String| parameter.and_then(|name| named_value(part, name));
        match parameter {
            Some(_) => super::headers::split_outside(value, ';').iter().find_map(wanted)?,
            None => value.to_owned(),
        }
    };
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(plain.chars().take(SAID_CHARS_MAX).collect()).filter(|text: &String| !text.is_empty())
}

/// "a=b" when it is this a.
fn named_value(part: &str, name: &str) -> Option<String> {
    let (key, value) = part.split_once('=')?;
    key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_owned())
}

/// The content; where it is hexadecimal and text, that text, without the octet that names the protocol.
fn user_to_user(value: &str) -> String {
    let parts = super::headers::split_outside(value, ';');
    let content = parts.first().map(|first| first.trim_matches('"').to_owned()).unwrap_or_default();
    let encoding = parts.iter().skip(1).find_map(|part| named_value(part, "encoding"));
    let hex = encoding.is_none_or(|encoding| encoding.eq_ignore_ascii_case("hex"));
    let bytes: Option<Vec<u8>> = content
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?, 16).ok())
        .collect();
    let Some(bytes) = bytes.filter(|_| hex) else { return content };
    let bytes = bytes.strip_prefix(&[0]).or_else(|| bytes.strip_prefix(&[4])).unwrap_or(&bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.is_empty() && !text.chars().any(char::is_control) => text.to_owned(),
        _ => content,
    }
}

/// Number or user of an address.
fn user(uri: &Uri) -> Option<String> {
    uri.tel_number().map(super::uri::unescape).or_else(|| uri.user_decoded())
}

/// Headers handed to the call flow beside X-*.
const SELECTED: [&str; 5] = ["Diversion", "User-to-User", "P-Asserted-Identity", "P-Called-Party-ID", "History-Info"];
/// Those of them that hold addresses.
const ADDRESSES: [&str; 4] = ["Diversion", "P-Asserted-Identity", "P-Called-Party-ID", "History-Info"];
/// Longest text that is taken from a header.
const SAID_CHARS_MAX: usize = 256;

/// Digits with a leading + kept; `None` when the user is no number.
fn number(uri: &Uri) -> Option<String> {
    let written = match uri.tel_number() {
        Some(number) => super::uri::unescape(number),
        None => uri.user_decoded()?,
    };
    if uri.host().eq_ignore_ascii_case("anonymous.invalid") {
        return None;
    }
    let bare: String = written.chars().filter(|c| !SEPARATORS.contains(*c)).collect();
    let digits = bare.strip_prefix('+').unwrap_or(&bare);
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'*' | b'#'));
    is_number.then_some(bare)
}

/// RFC 3966 visual separators and the blank phones put in.
const SEPARATORS: &str = "-.() ";

#[cfg(test)]
mod tests {
    use super::*;

    fn number_of(lines: &[(&str, &str)], from: &str) -> Option<String> {
        let mut headers = Headers::default();
        lines.iter().for_each(|(name, value)| headers.push(name, value));
        caller(&headers, &NameAddr::parse(from).expect("a name-addr")).number
    }

    #[test]
    fn asserted_identity_counts_first() {
        let pai = [("P-Asserted-Identity", "\"A, B\" <sip:+1(201)555-0123@x>, <tel:+1>")];
        assert_eq!(number_of(&pai, "<sip:anonymous@anonymous.invalid>").as_deref(), Some("+12015550123"));
        assert_eq!(number_of(&[], "<tel:+1-201-555.0123;ext=5>").as_deref(), Some("+12015550123"));
        assert_eq!(number_of(&[], "\"x\" <sip:%2B4930123;user=phone@y>").as_deref(), Some("+4930123"));
    }

    #[test]
    fn headers_are_told_in_plain_words() {
        let diversion = "\"Desk\" <sip:+12125550188@pbx.example;user=phone>;reason=no-answer;counter=1, <tel:+1>";
        assert_eq!(said("diversion", diversion, None).as_deref(), Some("+12125550188"));
        assert_eq!(said("Diversion", diversion, Some("Reason")).as_deref(), Some("no-answer"));
        let history = "<sip:+12125550100@a?Reason=SIP%3Bcause%3D302>;index=1, <sip:b@c>;index=1.1";
        assert_eq!(said("History-Info", history, None).as_deref(), Some("+12125550100"));
        assert_eq!(said("User-to-User", "00616363743D3432;encoding=hex", None).as_deref(), Some("acct=42"));
        assert_eq!(said("User-to-User", "plain words;encoding=ascii", None).as_deref(), Some("plain words"));
        assert_eq!(said("User-to-User", "0001ff;encoding=hex", None).as_deref(), Some("0001ff"));
        assert_eq!(said("X-Menu", " a\u{7}\tb ", None).as_deref(), Some("a b"));
        assert_eq!(said("X-Menu", "k=v; choice=\"2\"", Some("choice")).as_deref(), Some("2"));
        assert_eq!(said("X-Menu", &"é".repeat(5_000), None).map(|text| text.chars().count()), Some(SAID_CHARS_MAX));
        for nothing in ["", " \u{1} ", "<", "\"", "%%;=,"] {
            for name in ["Diversion", "User-to-User", "X-A"] {
                let _ = said(name, nothing, Some("p"));
                assert!(said(name, nothing, None).is_none_or(|text| !text.trim().is_empty()));
            }
        }
        assert!(is_told("x-a") && is_told("DIVERSION") && !is_told("X-") && !is_told("Authorization"));
    }

    #[test]
    fn withheld_numbers_stay_withheld() {
        assert_eq!(number_of(&[], "\"Anonymous\" <sip:anonymous@anonymous.invalid>"), None);
        assert_eq!(number_of(&[], "sip:alice@example.com"), None);
        assert_eq!(number_of(&[("Privacy", "user;id")], "sip:+123@example.com"), None);
    }
}
