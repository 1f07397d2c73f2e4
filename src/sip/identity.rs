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

/// Headers handed to the call flow beside X-*.
const SELECTED: [&str; 4] = ["Diversion", "User-to-User", "P-Asserted-Identity", "History-Info"];

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
    fn withheld_numbers_stay_withheld() {
        assert_eq!(number_of(&[], "\"Anonymous\" <sip:anonymous@anonymous.invalid>"), None);
        assert_eq!(number_of(&[], "sip:alice@example.com"), None);
        assert_eq!(number_of(&[("Privacy", "user;id")], "sip:+123@example.com"), None);
    }
}
