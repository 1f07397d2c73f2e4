//! Spoken days and times held against an oracle: it starts from the date meant and knows nothing of the grammar.

use jiff::civil::{Date, Time, time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use offhook::conversation::{Business, Span, When, understand_when};

use crate::shops::dental;

/// What a caller says and what it means.
#[derive(Debug, Clone)]
pub struct Said {
    pub text: String,
    pub day: Date,
    pub time: Meant,
    /// People disagree about the day: it must be asked back.
    pub ambiguous: bool,
}

/// The time of day meant.
#[derive(Debug, Clone, Copy)]
pub enum Meant {
    At(Time),
    /// Any start from the first on, before the second.
    Within(Time, Time),
}

/// A wording's source of chance, the same on every machine.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn below(&mut self, end: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        i64::try_from(self.0 >> 33).expect("31 bits") % end
    }

    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len() as i64)).expect("small")]
    }
}

/// How many were understood, asked back, not understood.
#[derive(Debug, Default)]
pub struct Count {
    pub understood: usize,
    pub asked: usize,
    pub not_understood: Vec<String>,
    pub wrong: Vec<String>,
}

/// A business that is open from eight to eight on every day, in a zone and a language.
pub fn shop(zone: &str, language: &str) -> Business {
    let day = vec![Span { from: time(8, 0, 0, 0), to: time(20, 0, 0, 0) }];
    Business {
        timezone: TimeZone::get(zone).expect("bundled zone"),
        language: language.into(),
        country: if zone.starts_with("America/New") || zone.starts_with("America/Los") { "US" } else { "ES" }.into(),
        hours: std::array::from_fn(|_| day.clone()),
        horizon_days: 700,
        ..(*dental()).clone()
    }
}

/// Zones of both hemispheres, with and without clock changes.
pub const ZONES: [&str; 6] = [
    "America/New_York",
    "Europe/Madrid",
    "America/Los_Angeles",
    "America/Mexico_City",
    "America/Santiago",
    "Australia/Sydney",
];

/// Days on and around which clocks change and years end, and some quiet ones.
pub const TODAYS: [(i16, i8, i8); 16] = [
    (2026, 3, 6),
    (2026, 3, 27),
    (2026, 4, 3),
    (2026, 9, 4),
    (2026, 10, 2),
    (2026, 10, 23),
    (2026, 10, 30),
    (2026, 12, 24),
    (2026, 12, 31),
    (2027, 1, 1),
    (2027, 2, 26),
    (2028, 2, 27),
    (2026, 6, 10),
    (2026, 7, 15),
    (2026, 8, 17),
    (2026, 11, 22),
];

impl Count {
    pub fn judge(&mut self, said: &Said, now: Timestamp, shop: &Business) {
        let local = |t: Timestamp| t.to_zoned(shop.timezone.clone());
        let told =
            |what: &str| format!("{what}: {:?} on {}, meant {} {:?}", said.text, local(now), said.day, said.time);
        let when = understand_when(&said.text, now, shop);
        match &when {
            When::Exact(start) => match said.time {
                Meant::At(time) if local(*start).datetime() == said.day.to_datetime(time) && !said.ambiguous => {
                    self.understood += 1;
                }
                _ => self.wrong.push(told(&format!("{}", local(*start)))),
            },
            When::WhichDay(days) if days.contains(&said.day) => self.asked += 1,
            When::WhichTime(times) if matches!(said.time, Meant::At(time) if times.contains(&time)) => self.asked += 1,
            When::WhichDay(_) | When::WhichTime(_) => self.wrong.push(told(&format!("{when:?}"))),
            When::None => self.not_understood.push(told("none")),
            When::Range(spans) => {
                let inside = |from: Time, to: Time| {
                    spans.iter().all(|(a, b)| {
                        let (a, b) = (local(*a), local(*b - 1.minute()));
                        a.date() == said.day && b.date() == said.day && a.time() >= from && b.time() < to
                    })
                };
                let zoned =
                    |time: Time| said.day.to_datetime(time).to_zoned(shop.timezone.clone()).map(|z| z.timestamp());
                match said.time {
                    Meant::Within(from, to) if !spans.is_empty() && inside(from, to) && !said.ambiguous => {
                        self.understood += 1;
                    }
                    Meant::At(time) if zoned(time).is_ok_and(|t| spans.iter().any(|(a, b)| *a <= t && t < *b)) => {
                        self.not_understood.push(told("only a range"));
                    }
                    _ => self.wrong.push(told(&format!("{when:?}"))),
                }
            }
        }
    }

    /// None wrong, and most of them understood: per cent.
    pub fn hold(&self, floor: usize) {
        let all = self.understood + self.asked + self.not_understood.len() + self.wrong.len();
        println!(
            "{all} said: {} understood, {} asked back, {} not understood, {} wrong",
            self.understood,
            self.asked,
            self.not_understood.len(),
            self.wrong.len()
        );
        let lines = |some: &[String]| some.iter().take(40).cloned().collect::<Vec<_>>().join("\n");
        assert!(self.wrong.is_empty(), "{} wrong:\n{}", self.wrong.len(), lines(&self.wrong));
        let understood = self.understood + self.asked;
        assert!(understood * 100 >= floor * all, "{understood} of {all}:\n{}", lines(&self.not_understood));
    }
}

/// Six in the morning of a day.
pub fn dawn(shop: &Business, day: Date) -> Timestamp {
    day.at(6, 0, 0, 0).to_zoned(shop.timezone.clone()).expect("no clock changes at six").timestamp()
}
