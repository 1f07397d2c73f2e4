//! Numbers as signalling or a caller gives them, in E.164.

use phonenumber::{Mode, country};

/// A valid number in E.164 ("+12125550123"), read as somebody in `country` (ISO 3166, "US") would dial it; none when it
/// is no valid number there.
pub fn e164(number: &str, country: &str) -> Option<String> {
    if number.len() > NUMBER_BYTES_MAX {
        return None;
    }
    let country: Option<country::Id> = country.parse().ok();
    let parsed = phonenumber::parse(country, number).ok()?;
    phonenumber::is_valid(&parsed).then(|| parsed.format().mode(Mode::E164).to_string())
}

/// E.164 has 15 digits; separators and prefixes at most triple that.
const NUMBER_BYTES_MAX: usize = 48;

#[cfg(test)]
mod tests {
    use super::e164;

    #[test]
    fn national_and_international_forms_meet() {
        for form in ["+12125550123", "12125550123", "(212) 555-0123", "2125550123"] {
            assert_eq!(e164(form, "US").as_deref(), Some("+12125550123"), "{form}");
        }
        assert_eq!(e164("612345678", "ES").as_deref(), Some("+34612345678"));
        assert_eq!(e164("1001", "US"), None);
        assert_eq!(e164("", "US"), None);
    }
}
