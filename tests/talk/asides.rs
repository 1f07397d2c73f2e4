//! What is said beside a wish: when somebody becomes free, the day of something else, what a day is taken up with.

use jiff::Timestamp;
use jiff::civil::date;
use offhook::conversation::{Business, When, understand_when};

use crate::stage::at;
use crate::trades::Trade;

/// Said on Monday, November 23rd at nine; a stretch is told by its first day and hours, and how many days it has.
fn understood(shop: &str, said: &[(&str, &str)]) {
    let business = Trade::of_shop(&format!("../strangers/shops/{shop}.toml")).business();
    let now = at(&business, date(2026, 11, 23).at(9, 0, 0, 0));
    let told = said.iter().map(|(text, want)| (text, want, show(&understand_when(text, now, &business), &business)));
    let wrong: Vec<String> = told
        .filter(|(_, want, got)| **want != got)
        .map(|(text, want, got)| format!("{text:?}\n   want {want}\n   got  {got}"))
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), said.len(), wrong.join("\n"));
}

fn show(when: &When, business: &Business) -> String {
    let local = |t: &Timestamp| t.to_zoned(business.timezone.clone());
    match when {
        When::Exact(start) => local(start).strftime("%m-%d %H:%M").to_string(),
        When::Range(spans) => match spans.as_slice() {
            [] => "closed".into(),
            [(from, to), ..] => {
                format!("{}-{} x{}", local(from).strftime("%m-%d %H:%M"), local(to).strftime("%H:%M"), spans.len())
            }
        },
        When::WhichDay(days) => days.iter().map(|d| d.strftime("%m-%d").to_string()).collect::<Vec<_>>().join(" or "),
        When::WhichTime(times) => {
            times.iter().map(|t| t.strftime("%H:%M").to_string()).collect::<Vec<_>>().join(" or ")
        }
        When::None => "nothing".into(),
    }
}

#[test]
fn who_becomes_free_then_comes_after() {
    understood(
        "photos",
        &[
            ("thursday after work, I finish at half five", "11-26 17:30-23:59 x1"),
            ("on thursday, I don't get off until quarter past four", "11-26 16:15-23:59 x1"),
            ("friday, school's out at three", "11-27 15:00-23:59 x1"),
            ("I work until two on saturday", "11-28 14:00-23:59 x1"),
            ("wednesday but my shift ends at one pm", "11-25 13:00-23:59 x1"),
            ("my daughter gets out of class at three on tuesday", "11-24 15:00-23:59 x1"),
            ("I'm away until thursday", "11-26 00:00-23:59 x15"),
            ("thursday, I finish work at five so six would be great", "11-26 18:00"),
            ("friday, I have to leave by eleven in the morning", "11-27 00:00-11:00 x1"),
            ("friday, but I start work at twelve", "11-27 00:00-12:00 x1"),
            ("friday at half five", "11-27 17:30"),
            ("can I come in until five on friday", "11-27 00:00-17:00 x1"),
        ],
    );
    understood(
        "unas",
        &[
            ("el viernes después del trabajo, salgo a las cinco", "11-27 17:00-23:59 x1"),
            ("el jueves no, el viernes, termino de trabajar a las cuatro y media", "11-27 16:30-23:59 x1"),
            ("el miércoles, mi niña sale de la escuela a las tres", "11-25 15:00-23:59 x1"),
            ("el viernes, trabajo hasta las dos de la tarde", "11-27 14:00-23:59 x1"),
            ("el viernes, entro a trabajar a las doce", "11-27 00:00-12:00 x1"),
            ("el viernes a las cinco", "11-27 17:00"),
        ],
    );
}

#[test]
fn the_day_of_something_else_is_not_wished() {
    understood(
        "tailor",
        &[
            ("the wedding's december 19th and I need it as soon as you can", "11-23 10:00-23:59 x35"),
            ("my trip's on the 5th so whenever you can before then", "11-23 10:00-23:59 x10"),
            ("her birthday is on friday, could I come tomorrow at two", "11-24 14:00"),
            ("we fly out on the 4th, so wednesday at noon", "11-25 12:00"),
            ("I'm getting married on december 12th", "nothing"),
            ("my cousin's gala is next saturday, have you got wednesday at four", "11-25 16:00"),
            ("the family reunion is on the 6th, so any time before that", "11-23 10:00-23:59 x11"),
            ("my best day is friday at two", "11-27 14:00"),
            ("the only day I can do is tuesday at three", "11-24 15:00"),
            ("her birthday is on saturday and I want it that day at ten", "11-28 10:00"),
        ],
    );
    understood(
        "unas",
        &[
            ("la boda es el 19 de diciembre, quería lo antes posible", "11-24 00:00-23:59 x34"),
            ("mi viaje es el día 5, pues el miércoles a las cuatro", "11-25 16:00"),
            ("me caso el 12 de diciembre, quiero venir antes de eso", "11-24 00:00-23:59 x15"),
            ("el sábado 5 a las diez", "12-05 10:00"),
        ],
    );
}

#[test]
fn a_day_that_is_taken_up_is_no_choice() {
    understood(
        "hearing",
        &[
            ("well tuesdays I play bridge so wednesday, ten o'clock if you have it", "11-25 10:00"),
            ("mondays I'm at work, so tuesday at nine", "11-24 09:00"),
            ("I've got choir practice on thursdays so friday at ten", "11-27 10:00"),
            ("I volunteer wednesdays, thursday's better, at two", "11-26 14:00"),
            ("tuesday I have my grandchildren, wednesday at eleven then", "11-25 11:00"),
            ("tuesdays I'm free, or wednesdays", "11-24 00:00-23:59 x2"),
            ("I could do tuesdays or thursdays", "11-24 00:00-23:59 x1"),
            ("tuesday or wednesday", "11-24 00:00-23:59 x2"),
            ("tuesday I could do, at ten", "11-24 10:00"),
        ],
    );
    understood(
        "unas",
        &[
            ("los martes juego al bingo, mejor el miércoles a las diez", "11-25 10:00"),
            ("los jueves cuido a mis nietos, el viernes a las once", "11-27 11:00"),
            ("los martes tengo clase así que el miércoles a las cuatro", "11-25 16:00"),
            ("los miércoles tengo libre, a las diez", "11-25 10:00"),
        ],
    );
}
