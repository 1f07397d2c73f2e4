//! The scripted conversations take their questions for plainly asked: the network agrees.

use offhook::speech::Known;

use crate::common::speech;
use crate::trades::Trade;

#[test]
fn every_question_of_the_scripts_is_found() {
    let mut missed = Vec::new();
    for trade in Trade::of("en") {
        let business = trade.business();
        let known: Vec<Known> = business
            .faqs
            .iter()
            .map(|faq| Known { questions: faq.questions.clone(), answer: faq.answer.clone() })
            .collect();
        let questions = speech().learn(&known).expect("the network of the questions");
        for wanted in 0..known.len() {
            let text = trade.fill(&format!("{{ask.{wanted}}}"));
            let asked = questions.asked(&text);
            println!("{text}: {:?}", asked.first());
            if !asked.first().is_some_and(|(found, like)| *found == wanted && *like >= ENOUGH) {
                missed.push(format!("{text}: {asked:?}"));
            }
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

/// From here on the conversation takes a question for a FAQ.
const ENOUGH: f32 = 0.5;
