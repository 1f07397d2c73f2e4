//! `[model]`: off unless it has an address, and refused where it could not work.

use std::time::Duration;

use offhook::config::{Config, ConfigError, DEMO_TOML, parse};

fn read(section: &str) -> Result<Config, ConfigError> {
    let (before, rest) = DEMO_TOML.split_once("[model]\n").expect("the example has the section");
    parse("offhook.toml", &format!("{before}[model]\n{section}\n{rest}"))
}

#[test]
fn there_is_none_unless_it_has_an_address() {
    assert_eq!(read("").expect("the example").model, None);
}

#[test]
fn an_address_is_taken_in_each_form_people_write_it() {
    for (url, want) in [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/v1/chat/completions"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/v1/chat/completions"),
        ("https://llm.example.com/v1", "https://llm.example.com/v1/chat/completions"),
        ("https://llm.example.com/api/v1/chat/completions", "https://llm.example.com/api/v1/chat/completions"),
    ] {
        let model = read(&format!("url = \"{url}\"\nmodel = \"small\"")).expect(url).model.expect(url);
        assert_eq!((model.url.as_str(), model.name.as_str()), (want, "small"));
        assert_eq!((model.deadline, model.api_key), (Duration::from_millis(1500), None));
    }
}

#[test]
fn what_cannot_work_is_refused_with_its_line() {
    let url = "url = \"http://127.0.0.1:8080\"\n";
    for (section, want) in [
        (url.to_owned(), "name the model"),
        ("model = \"small\"".into(), "no url"),
        ("deadline_ms = 900".into(), "no url"),
        ("url = \"localhost\"\nmodel = \"small\"".into(), "is no address"),
        ("url = \"http://me:secret@host\"\nmodel = \"small\"".into(), "no name and password"),
        (format!("{url}model = \"small\"\ndeadline_ms = 60000"), "between 50 and 10000"),
        (format!("{url}model = \"small\"\napi_key_env = \"NO_SUCH_VARIABLE_HERE\""), "NO_SUCH_VARIABLE_HERE"),
        (format!("{url}model = \"small\"\napi_key_file = \"/no/such/file\""), "cannot be read"),
        (format!("{url}model = \"small\"\napi_key_env = \"A\"\napi_key_file = \"b\""), "keep one"),
        (format!("{url}model = \"small\"\napi_key = \"sk-1\""), "api_key"),
    ] {
        let error = read(&section).expect_err(&section).to_string();
        assert!(error.contains(want) && error.starts_with("offhook.toml:"), "{section}: {error}");
        assert!(!error.contains("secret@") && !error.contains("sk-1"), "{error}");
    }
}

#[test]
fn a_key_is_read_from_its_file_and_shown_nowhere() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "sk-abc\n").expect("written");
    let section = format!("url = \"http://h\"\nmodel = \"m\"\napi_key_file = {:?}", file.path());
    let config = read(&section).expect("it is there");
    assert_eq!(config.model.as_ref().and_then(|m| m.api_key.as_ref()).map(|key| key.reveal()), Some("sk-abc"));
    assert!(!format!("{config:?}").contains("sk-abc"));
}
