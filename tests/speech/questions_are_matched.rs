//! FAQs are found by what is meant, and what nobody has answered is not answered.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use offhook::conversation::{Business, Event, Faq, Service, Span};
use offhook::speech::{Known, Questions};
use serde::Deserialize;

use crate::common::speech;
use crate::stage::Call;

/// A trade of `faqs.toml`.
#[derive(Deserialize)]
struct Trade {
    name: String,
    services: Vec<Vec<String>>,
    faqs: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    key: String,
    questions: Vec<String>,
    answer: String,
}

struct Shop {
    business: Arc<Business>,
    keys: Vec<String>,
    questions: Arc<Questions>,
}

/// How one set went.
#[derive(Default)]
struct Score {
    right: usize,
    asked: usize,
    guessed: usize,
    strange: usize,
    wrong: Vec<String>,
}

#[test]
fn paraphrases_are_answered_and_strange_questions_are_not() {
    let (before, after) = (run(JUDGING, false), run(JUDGING, true));
    before.show("judging set, by words", false);
    after.show("judging set, by meaning", true);
    after.holds(90, 2);
}

#[test]
fn unseen_questions_fare_nearly_as_well() {
    run(UNSEEN, false).show("unseen set, by words", false);
    let after = run(UNSEEN, true);
    after.show("unseen set, by meaning", true);
    after.holds(80, 5);
}

#[test]
fn trades_nothing_was_made_for_are_answered_with_care() {
    run(STRANGERS, false).show("strange trades, by words", false);
    let after = run(STRANGERS, true);
    after.show("strange trades, by meaning", true);
    after.holds(50, 5);
}

#[test]
fn what_is_no_question_is_not_answered() {
    let shop = &SHOPS["dentist"];
    let mut wrong = Vec::new();
    for row in rows(STATEMENTS) {
        let [state, text] = row[..] else { panic!("two columns: {row:?}") };
        let mut call = Call::new(Arc::clone(&shop.business)).says(before(state));
        let said = hear(&mut call, shop, text, true);
        if let Some(faq) = answered(shop, &said).first() {
            wrong.push(format!("{state}: {text} -> {faq}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn likeness_is_the_networks_own() {
    let known =
        [Known { questions: vec!["Is the Café's piano (the black one) tuned?".into()], answer: "Yes.".into() }];
    let questions = speech().learn(&known).expect("MiniLM is there");
    let like = |text| questions.asked(text).first().map(|(of, like)| (*of, *like));
    let same = like("is the cafe's piano (the black one) tuned?").expect("it was compared").1;
    assert!(same > 0.999, "case and accents do not count: {same}");
    // What the reference tokenizer and the same network give.
    let near = like("Did somebody tune your piano?").expect("it was compared").1;
    assert!((near - REFERENCE).abs() < 0.01, "{near}");
    assert_eq!(like("Do you have job openings for me?"), Some((0, 0.0)), "more like what nobody has answered");
    assert_eq!(like("yes"), None, "one word asks nothing");
}

fn run(table: &'static str, meaning: bool) -> Score {
    let mut score = Score::default();
    for row in rows(table) {
        let [shop, want, text] = row[..] else { panic!("three columns: {row:?}") };
        let shop = &SHOPS[shop];
        let mut call = Call::new(Arc::clone(&shop.business));
        let said = hear(&mut call, shop, text, meaning);
        let got = answered(shop, &said);
        score.count(want, &got, text, shop);
    }
    score
}

/// Hears one turn as the gateway would; what was said to it.
fn hear(call: &mut Call, shop: &Shop, text: &str, meaning: bool) -> String {
    let start = call.said.len();
    let answers = if meaning { shop.questions.asked(text) } else { Vec::new() };
    call.event(Event::Heard { text: text.into(), confidence: 0.9, answers });
    call.said[start..].join(" ")
}

/// Keys of the FAQs whose answers are in it.
fn answered<'a>(shop: &'a Shop, said: &str) -> Vec<&'a str> {
    let faqs = shop.business.faqs.iter().zip(&shop.keys);
    faqs.filter(|(faq, _)| said.contains(&faq.answer)).map(|(_, key)| key.as_str()).collect()
}

/// The turns that lead to a state.
fn before(state: &str) -> &'static [&'static str] {
    let booking = &["I need a cleaning", "on Tuesday", "the first one", "Ruth Abbott", "no", "617 555 2671"];
    match state {
        "open" => &[],
        "when" => &booking[..1],
        "offer" => &booking[..2],
        "name" => &booking[..3],
        "confirm" => &booking[..4],
        "phone" => &booking[..5],
        "readback" => &["I need a cleaning", "on Tuesday", "the first one", "Ruth Abbott", "yes"],
        "message" => &["I'd like to leave a message"],
        _ => panic!("no such state: {state}"),
    }
}

fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.lines().filter(|l| !l.starts_with('#') && !l.is_empty()).map(|l| l.split('\t').collect())
}

impl Score {
    fn count(&mut self, want: &str, got: &[&str], text: &str, shop: &Shop) {
        let like = shop.questions.asked(text).first().map_or(0.0, |(_, like)| *like);
        if want == "-" {
            self.strange += 1;
            self.guessed += usize::from(!got.is_empty());
        } else {
            self.asked += 1;
            self.right += usize::from(got == [want]);
        }
        if got != [want].as_slice() && (want != "-" || !got.is_empty()) {
            self.wrong.push(format!("  {want} got {got:?} ({like:.2}): {text}"));
        }
    }

    fn show(&self, what: &str, list: bool) {
        println!("{what}: {} of {} right, {} of {} guessed", self.right, self.asked, self.guessed, self.strange);
        self.wrong.iter().filter(|_| list).for_each(|line| println!("{line}"));
    }

    /// At least so many per cent right, at most so many guessed.
    fn holds(&self, right: usize, guessed: usize) {
        assert!(self.right * 100 >= right * self.asked, "{} of {} right", self.right, self.asked);
        assert!(self.guessed * 100 <= guessed * self.strange, "{} of {} guessed", self.guessed, self.strange);
    }
}

/// Each trade's business, its FAQ keys, and its questions learned.
static SHOPS: LazyLock<HashMap<String, Shop>> = LazyLock::new(|| {
    let trades: BTreeMap<String, Trade> =
        toml::from_str(include_str!("questions/faqs.toml")).expect("the businesses can be read");
    let begun = Instant::now();
    let shops = trades.into_iter().map(|(id, trade)| (id.clone(), shop(&id, trade))).collect();
    println!("learned in {} ms", begun.elapsed().as_millis());
    shops
});

fn shop(id: &str, trade: Trade) -> Shop {
    let faq = |entry: &Entry| Faq { questions: entry.questions.clone(), answer: entry.answer.clone() };
    let known = |entry: &Entry| Known { questions: entry.questions.clone(), answer: entry.answer.clone() };
    let known: Vec<Known> = trade.faqs.iter().map(known).collect();
    let service = |names: &Vec<String>| Service {
        id: names[0].replace(' ', "-"),
        name: names[0].clone(),
        aliases: names[1..].to_vec(),
        minutes: 30,
    };
    let day = vec![Span { from: jiff::civil::time(9, 0, 0, 0), to: jiff::civil::time(17, 0, 0, 0) }];
    let business = Business {
        id: id.into(),
        name: trade.name,
        services: trade.services.iter().map(service).collect(),
        faqs: trade.faqs.iter().map(faq).collect(),
        hours: [day.clone(), day.clone(), day.clone(), day.clone(), day, vec![], vec![]],
        ..(*crate::shops::dental()).clone()
    };
    let questions = speech().learn(&known).expect("these tests need MiniLM (`offhook models fetch meaning`)");
    Shop { business: Arc::new(business), keys: trade.faqs.into_iter().map(|e| e.key).collect(), questions }
}

/// Cosine of the two piano questions.
const REFERENCE: f32 = 0.654;
/// Calibrated on.
const JUDGING: &str = include_str!("questions/judging.tsv");
/// Of the same trades, looked at once.
const UNSEEN: &str = include_str!("questions/unseen.tsv");
/// Of other trades, looked at once.
const STRANGERS: &str = include_str!("questions/strangers.tsv");
/// No questions.
const STATEMENTS: &str = include_str!("questions/statements.tsv");
