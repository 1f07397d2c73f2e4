//! Phone numbers: validated for the business's country, spoken digit by digit.

use phonenumber::Mode;
use phonenumber::country::Id;

/// Fewest digits a number can have anywhere.
const MIN_DIGITS: usize = 7;
/// Most digits E.164 allows.
const MAX_DIGITS: usize = 15;

/// What dictated digits are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Phone {
    /// A valid number, E.164.
    Valid(String),
    /// As long as a number of the country is, in a range that the numbering plan leaves free; E.164.
    Unassigned(String),
    /// Plausible in length but not assigned; E.164.
    Doubtful(String),
    /// More digits are to come.
    Short,
    /// Too many digits, or none of the above.
    Wrong,
}

/// Checks `digits` ("+" allowed in front) as a number of `country`.
pub(super) fn check(digits: &str, country: &str) -> Phone {
    let count = digits.chars().filter(char::is_ascii_digit).count();
    if count < MIN_DIGITS {
        return Phone::Short;
    }
    if count > MAX_DIGITS {
        return Phone::Wrong;
    }
    let id: Option<Id> = country.to_ascii_uppercase().parse().ok();
    let international = digits.strip_prefix("00").map(|rest| format!("+{rest}"));
    let with_code = id.filter(|_| !digits.starts_with('+')).map(|_| format!("+{digits}"));
    for form in [Some(digits.to_string()), international, with_code].into_iter().flatten() {
        if let Ok(number) = phonenumber::parse(id, &form)
            && number.is_valid()
        {
            return Phone::Valid(number.format().mode(Mode::E164).to_string());
        }
    }
    // National numbers are nine digits and more where the demo countries are; shorter is local.
    match phonenumber::parse(id, digits) {
        Ok(number) if is_long_as_ours(&number, country) => {
            Phone::Unassigned(number.format().mode(Mode::E164).to_string())
        }
        Ok(number) if count >= national_length(country) => {
            Phone::Doubtful(number.format().mode(Mode::E164).to_string())
        }
        _ if count < national_length(country) => Phone::Short,
        _ => Phone::Wrong,
    }
}

/// Whether it has the length every number of the country has; elsewhere lengths differ too much to tell.
fn is_long_as_ours(number: &phonenumber::PhoneNumber, country: &str) -> bool {
    let length = match country.to_ascii_uppercase().as_str() {
        "US" | "CA" | "PR" | "GB" | "MX" => 10,
        "ES" | "PT" => 9,
        _ => return false,
    };
    let national = number.national().to_string();
    let plausible = match country.to_ascii_uppercase().as_str() {
        // No area code and no exchange begins with a nought or a one.
        "US" | "CA" | "PR" => [0, 3].iter().all(|i| national.as_bytes().get(*i).is_some_and(|b| *b > b'1')),
        "ES" => national.starts_with(['6', '7', '8', '9']),
        _ => true,
    };
    let ours: Option<Id> = country.to_ascii_uppercase().parse().ok();
    national.len() == length && number.country().id().is_none_or(|id| Some(id) == ours) && plausible
}

/// Digits of a national number, for telling a pause from the end.
fn national_length(country: &str) -> usize {
    match country.to_ascii_uppercase().as_str() {
        "US" | "CA" | "PR" => 10,
        _ => 9,
    }
}

/// "6 1 7, 5 5 5, 2 6 7 1": the national digits in groups, for reading back.
pub(super) fn spoken(e164: &str) -> String {
    let national = phonenumber::parse(None, e164).map(|n| n.national().to_string());
    let digits = national.unwrap_or_else(|_| e164.trim_start_matches('+').to_string());
    grouped(&digits)
}

/// The last four digits, one by one.
pub(super) fn ending(e164: &str) -> String {
    let digits: Vec<char> = e164.chars().filter(char::is_ascii_digit).collect();
    let tail: Vec<String> = digits[digits.len().saturating_sub(4)..].iter().map(char::to_string).collect();
    tail.join(" ")
}

/// Groups of three, the last of three or four.
pub(super) fn grouped(digits: &str) -> String {
    let digits: Vec<String> = digits.chars().filter(char::is_ascii_digit).map(|c| c.to_string()).collect();
    let mut groups = Vec::new();
    let mut rest = &digits[..];
    while rest.len() > 4 {
        groups.push(rest[..3].join(" "));
        rest = &rest[3..];
    }
    groups.push(rest.join(" "));
    groups.retain(|g| !g.is_empty());
    groups.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_two_countries() {
        assert_eq!(check("6175552671", "US"), Phone::Valid("+16175552671".into()));
        assert_eq!(check("16175552671", "US"), Phone::Valid("+16175552671".into()));
        assert_eq!(check("612345678", "ES"), Phone::Valid("+34612345678".into()));
        assert_eq!(check("34612345678", "ES"), Phone::Valid("+34612345678".into()));
        assert_eq!(check("5552671", "US"), Phone::Short);
        assert_eq!(spoken("+16175552671"), "6 1 7, 5 5 5, 2 6 7 1");
        assert_eq!(ending("+16175552671"), "2 6 7 1");
    }
}
