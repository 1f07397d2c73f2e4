//! `[[questions]]` and `[vocabulary]` of a configuration.

use offhook::config::{DEMO_TOML, parse};
use offhook::conversation::QuestionKind;

fn with(more: &str) -> Result<offhook::config::Config, String> {
    parse("test.toml", &format!("{DEMO_TOML}\n{more}")).map_err(|error| error.to_string())
}

#[test]
fn a_business_has_the_questions_of_the_file() {
    let config = with(
        "[vocabulary]\ncompetitors = [\"Acme\"]\n[[questions]]\nid = \"home\"\nprompt = \"House or flat?\"\n\
         kind = \"choice\"\nchoices = [\"house\", \"flat\"]\ncrm_field = \"Home__c\"\nsensitive = true\n",
    );
    let policy = &config.unwrap().businesses[0].policy;
    let home = &policy.questions[0];
    assert_eq!((home.field().as_str(), home.kind, home.choices.len()), ("answer_home", QuestionKind::Choice, 2));
    assert!(home.sensitive && !home.required && policy.competitors == ["Acme"]);
}

#[test]
fn a_question_nobody_could_answer_is_refused_with_its_line() {
    let one = |keys: &str| format!("[[questions]]\nid = \"a\"\nprompt = \"A?\"\n{keys}\n");
    let twice = one("") + &one("");
    let cases = [
        (one("kind = \"choice\""), "two choices"),
        (one("choices = [\"b\", \"c\"]"), "belong to kind"),
        (one("surprise = 1"), "surprise"),
        (twice, "already"),
        ("[[questions]]\nid = \"A b\"\nprompt = \"A?\"\n".to_owned(), "lower case"),
        ("[[questions]]\nid = \"a\"\nprompt = \" \"\n".to_owned(), "how it is asked"),
        ("[vocabulary]\ncompetitors = [\" \"]\n".to_owned(), "has a name"),
    ];
    for (text, told) in cases {
        let error = with(&text).unwrap_err();
        assert!(error.contains(told) && error.contains("test.toml:"), "{text}: {error}");
    }
}
