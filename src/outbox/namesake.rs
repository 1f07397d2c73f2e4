//! Whether two names can be one person's, as callers say them and a recogniser writes them.

use rphonetic::DoubleMetaphone;

/// Whether the names are plainly two people's: their first names, or their last names, have nothing in common. Where
/// one side is a single word it may be either.
pub(super) fn plainly_other(said: &str, known: &str) -> bool {
    let (said, known) = (words(said), words(known));
    match (&said[..], &known[..]) {
        ([], _) | (_, []) => false,
        ([one], all) | (all, [one]) => !all.iter().any(|word| alike(one, word)),
        ([first, .., last], [known_first, .., known_last]) => !alike(first, known_first) || !alike(last, known_last),
    }
}

/// Lower case, without titles and marks; "Moss, Ann" is Ann Moss.
fn words(name: &str) -> Vec<String> {
    let name = name.to_lowercase();
    let turned = match name.split_once(',') {
        Some((last, first)) => format!("{first} {last}"),
        None => name,
    };
    let letters = |word: &str| word.chars().filter(|c| c.is_alphabetic()).collect::<String>();
    let all = turned.split_whitespace().map(letters);
    all.filter(|word| !word.is_empty() && !TITLES.contains(&word.as_str())).collect()
}

/// Written alike, sounding alike, a short form or an initial.
fn alike(a: &str, b: &str) -> bool {
    let nick = |group: &&[&str]| [a, b].iter().all(|name| group.iter().any(|known| written_alike(name, known)));
    written_alike(a, b) || is_part(a, b) || is_part(b, a) || NICKNAMES.iter().any(nick) || sound(a, b)
}

fn written_alike(a: &str, b: &str) -> bool {
    let long = a.chars().count().max(b.chars().count()) >= LONG_CHARS_MIN;
    strsim::normalized_damerau_levenshtein(a, b) >= if long { LONG_LIKENESS } else { LIKENESS }
}

/// A beginning ("Dan", "Jenny" of "Jennifer"), an end ("Beth") or an initial.
fn is_part(short: &str, long: &str) -> bool {
    let stem = short.strip_suffix("ie").or(short.strip_suffix('y')).unwrap_or(short);
    match (short.chars().count(), stem.chars().count()) {
        (1 | START_CHARS_MIN.., _) if long.starts_with(short) => true,
        (_, STEM_CHARS_MIN..) if long.starts_with(stem) => true,
        _ => short.chars().count() >= END_CHARS_MIN && long.ends_with(short),
    }
}

fn sound(a: &str, b: &str) -> bool {
    let code = DoubleMetaphone::default();
    strsim::normalized_damerau_levenshtein(a, b) >= SOUND_LIKENESS
        && code.double_metaphone(a).primary() == code.double_metaphone(b).primary()
}

/// Names so alike are one name misspelled; Mary and Mark are not, a long one may be misspelled twice.
const LIKENESS: f64 = 0.8;
const LONG_LIKENESS: f64 = 0.75;
const LONG_CHARS_MIN: usize = 7;
/// Names that sound the same still share so much ("Dough", "Doe"): John and Jane sound the same to a phonetic code.
const SOUND_LIKENESS: f64 = 0.4;
/// "Rob", "Dan": shorter beginnings fit too many names.
const START_CHARS_MIN: usize = 3;
/// "Jenn" of "Jenny": "Mar" of "Mary" would make her Mark.
const STEM_CHARS_MIN: usize = 4;
/// "Beth", "Tina": shorter ends do as well.
const END_CHARS_MIN: usize = 4;
const TITLES: [&str; 8] = ["mr", "mrs", "ms", "miss", "dr", "señor", "señora", "don"];
/// Short forms that do not begin like the name.
const NICKNAMES: &[&[&str]] = &[
    &["robert", "bob", "bobby", "rob"],
    &["william", "bill", "billy", "will", "liam"],
    &["richard", "dick", "rick", "rich"],
    &["michael", "mike", "mick", "mickey"],
    &["david", "dave"],
    &["james", "jim", "jimmy", "jamie"],
    &["john", "jack", "johnny"],
    &["edward", "ed", "ted", "eddie", "ned"],
    &["charles", "chuck", "charlie"],
    &["henry", "harry", "hank"],
    &["anthony", "tony"],
    &["joseph", "joe", "joey"],
    &["thomas", "tom", "tommy"],
    &["elizabeth", "betty", "beth", "liz", "lisa", "eliza", "betsy"],
    &["margaret", "peggy", "maggie", "meg", "marge", "greta"],
    &["katherine", "catherine", "kate", "kathy", "cathy", "katie", "kitty"],
    &["patricia", "pat", "patty", "trish", "tricia"],
    &["barbara", "barb", "babs"],
    &["rebecca", "becky"],
    &["sarah", "sally"],
    &["helen", "nell", "nelly", "ellen"],
    &["cynthia", "cindy"],
    &["melissa", "missy"],
    &["amanda", "mandy"],
    &["michelle", "shelly"],
    &["mary", "molly", "polly"],
    &["ann", "anne", "nancy", "nan"],
    &["alexander", "sandy", "sasha"],
    &["lawrence", "larry"],
    &["gerald", "jerry"],
    &["eugene", "gene"],
    &["frances", "fanny"],
    &["virginia", "ginny"],
    &["jacob", "jake"],
    &["deborah", "debbie", "deb"],
    &["susan", "sue", "susie"],
    &["dorothy", "dot", "dolly"],
    &["theodore", "ted", "teddy"],
    &["andrew", "andy", "drew"],
    &["nicholas", "nick"],
    &["francisco", "paco", "pancho"],
    &["josé", "pepe"],
    &["ignacio", "nacho"],
    &["dolores", "lola"],
    &["maría", "mari"],
];

#[cfg(test)]
mod tests {
    use super::plainly_other;

    #[test]
    fn one_person_said_in_many_ways() {
        for (said, known) in [
            ("jane", "Jane Doe"),
            ("Janet", "Jane Doe"),
            ("Mrs. Doe", "Jane Doe"),
            ("Doe, Jane", "jane doe"),
            ("Jane Dough", "Jane Doe"),
            ("Bob Li", "Robert Li"),
            ("Rick Li", "Richardd Li"),
            ("Jenny Clark", "Jennifer Clark"),
            ("J. Smith", "John Smith"),
            ("Jon Smyth", "John Smith"),
            ("John Q. Smith", "John Smith"),
            ("Catherine Bell", "Katherine Bell"),
            ("", "Jane Doe"),
        ] {
            assert!(!plainly_other(said, known), "{said} / {known}");
        }
    }

    #[test]
    fn two_people_of_one_house() {
        for (said, known) in [
            ("Alice Smith", "Bob Smith"),
            ("Mary Smith", "Mark Smith"),
            ("Jane Smith", "John Smith"),
            ("Alice", "Bob Smith"),
            ("Maria Garcia", "Maria Lopez"),
        ] {
            assert!(plainly_other(said, known), "{said} / {known}");
        }
    }
}
