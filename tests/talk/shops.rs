//! Two businesses of different trade, country and zone: nothing may work on one only.

use std::sync::Arc;

use jiff::civil::{Time, time};
use jiff::tz::TimeZone;
use offhook::conversation::{Business, Faq, Service, Span, Verify};

fn service(id: &str, minutes: u32, aliases: &[&str]) -> Service {
    let aliases = aliases.iter().map(|a| (*a).to_string()).collect();
    Service { id: id.replace(' ', "-"), name: id.into(), aliases, minutes }
}

fn faq(questions: &[&str], answer: &str) -> Faq {
    Faq { questions: questions.iter().map(|q| (*q).to_string()).collect(), answer: answer.into() }
}

fn span(from: Time, to: Time) -> Span {
    Span { from, to }
}

/// A dentist in New York.
pub fn dental() -> Arc<Business> {
    let day = vec![span(time(9, 0, 0, 0), time(17, 0, 0, 0))];
    Arc::new(Business {
        id: "harbor".into(),
        name: "Harbor Dental".into(),
        address: Some("12 Harbor Street, Brooklyn".into()),
        timezone: TimeZone::get("America/New_York").expect("bundled zone"),
        language: "en".into(),
        country: "US".into(),
        hours: [day.clone(), day.clone(), day.clone(), day.clone(), day, vec![], vec![]],
        closures: vec![],
        services: vec![
            service("cleaning", 30, &["teeth cleaning", "hygiene", "checkup and clean"]),
            service("consultation", 45, &["consult"]),
            service("whitening", 60, &["bleaching"]),
            service("emergency visit", 20, &["toothache", "broken tooth"]),
        ],
        faqs: vec![
            faq(
                &["Do you take insurance?", "Which insurance plans do you accept?"],
                "We take most dental plans, including Delta.",
            ),
            faq(&["Where can I park?", "Is there parking?"], "There is a free car park behind the building."),
            faq(&["How much does a cleaning cost?", "What are your prices?"], "A cleaning costs 120 dollars."),
        ],
        lead_minutes: 60,
        horizon_days: 60,
        slot_minutes: 15,
        greet_by_name: true,
        emergency: None,
        capacity: Default::default(),
        verify: Verify::CallerId,
        policy: Default::default(),
        also: Vec::new(),
    })
}

/// A garage in Madrid that closes for lunch.
pub fn garage() -> Arc<Business> {
    let day = vec![span(time(9, 0, 0, 0), time(14, 0, 0, 0)), span(time(16, 0, 0, 0), time(20, 0, 0, 0))];
    let saturday = vec![span(time(9, 0, 0, 0), time(14, 0, 0, 0))];
    Arc::new(Business {
        id: "retiro".into(),
        name: "Talleres Retiro".into(),
        address: Some("Calle de Alcalá 200, Madrid".into()),
        timezone: TimeZone::get("Europe/Madrid").expect("bundled zone"),
        language: "en".into(),
        country: "ES".into(),
        hours: [day.clone(), day.clone(), day.clone(), day.clone(), day, saturday, vec![]],
        closures: vec![],
        services: vec![
            service("oil change", 40, &[]),
            service("tyre change", 60, &["new tyres", "flat tyre"]),
            service("inspection", 90, &["ITV", "annual check"]),
        ],
        faqs: vec![
            faq(
                &["Do you have loaner cars?", "Can I get a courtesy car?"],
                "Yes, we lend a small car when the repair takes more than a day.",
            ),
            faq(
                &["Do you work on electric cars?", "Can you repair hybrids?"],
                "We service hybrids, but not fully electric cars.",
            ),
            faq(
                &["How long is the warranty?", "Do you guarantee your work?"],
                "All our work has two years of warranty.",
            ),
        ],
        lead_minutes: 60,
        horizon_days: 60,
        slot_minutes: 20,
        greet_by_name: true,
        emergency: None,
        capacity: Default::default(),
        verify: Verify::CallerId,
        policy: Default::default(),
        also: Vec::new(),
    })
}
