//! A CRM that changes under a mapping: said at the next look, with the line and the remedy, before a record is refused.

use std::process::Command;

use offhook::conversation::Question;
use offhook::crm::{Lookup, Mapping, Object};
use serde_json::json;

use crate::crm_conformance::{fields_of, found};
use crate::crms::{STANDINS, connector, desk, shipped};

#[tokio::test]
async fn a_mapping_that_fits_has_nothing_to_say() {
    for name in STANDINS {
        assert_eq!(desk(name, &[]).crm.check().await, Ok(Vec::new()), "{name}");
    }
}

#[tokio::test]
async fn a_renamed_field_a_new_type_and_a_value_that_is_gone_are_told_with_their_lines() {
    let desk = desk("hubspot", &[]);
    let text = json!({"type": "string", "fieldType": "text"});
    let changed = json!({
        "contacts": {"offhook_notes": null},
        "calls": {
            "offhook_lead_score": text,
            "hs_call_status": {"type": "enumeration", "fieldType": "select", "options": ["COMPLETED", "IN_PROGRESS"]},
        },
        "tasks": {"offhook_key": null},
    });
    desk.add(json!({"schema": changed})).await;
    let found = desk.crm.check().await.unwrap();
    let lines: Vec<&str> = offhook::crm::shipped("hubspot").unwrap().lines().collect();
    for (said, line) in [
        ("offhook_notes", "notes = \"offhook_notes\""),
        ("offhook_lead_score", "lead_score ="),
        ("no value `CONNECTING`", "[activity.fields.status]"),
        ("no value `FAILED`", "[activity.fields.status]"),
        ("the key goes to `offhook_key`", "[task]"),
    ] {
        let told = found.iter().find(|one| one.contains(said)).unwrap_or_else(|| panic!("{said}: {found:#?}"));
        let at = 1 + lines.iter().position(|text| text.starts_with(line)).unwrap();
        assert!(told.starts_with(&format!("hubspot, line {at}: ")), "{told}");
    }
    assert_eq!(found.len(), 5, "{found:#?}");
}

#[tokio::test]
async fn what_the_crm_requires_and_nothing_fills_is_told() {
    let desk = desk("salesforce", &[]);
    let text = offhook::crm::shipped("salesforce").unwrap();
    let without = text.replace("close_date = { to = \"CloseDate\", type = \"date\", unknown = \"+30d\" }\n", "");
    assert_ne!(without, text);
    let crm = connector(&desk.provider, Mapping::parse("mine.toml", &without).unwrap());
    let found = crm.check().await.unwrap();
    assert!(
        found.len() == 1 && found[0].contains("`CloseDate`") && found[0].starts_with("mine.toml, line "),
        "{found:?}"
    );
    assert_eq!(connector(&desk.provider, shipped("salesforce")).check().await, Ok(Vec::new()));
}

#[tokio::test]
async fn an_answer_has_the_field_its_question_names() {
    let desk = desk("hubspot", &[]);
    let question = |id: &str, sensitive: bool| -> Question {
        let field = format!("{id}_told");
        serde_json::from_value(json!({"id": id, "prompt": "?", "crm_field": field, "sensitive": sensitive})).unwrap()
    };
    let mapping = shipped("hubspot").with_answers(&[question("budget", false), question("illness", true)]);
    let crm = connector(&desk.provider, mapping);
    let told = crm.check().await.unwrap();
    assert!(told.len() == 1 && told[0].contains("budget_told"), "the CRM has no such field yet: {told:?}");
    desk.add(json!({"schema": {"calls": {"budget_told": {"type": "string", "fieldType": "text"}}}})).await;
    assert_eq!(crm.check().await, Ok(Vec::new()));
    let call = fields_of(json!({"started_at": "2026-11-23T15:00:00Z", "answer_budget": "under 500"}));
    crm.create("harbor", Object::Activity, "told/activity/1", &call).await.unwrap();
    let other = offhook::crm::shipped("hubspot").unwrap().replace("\"hs_call_title\"", "\"budget_told\"");
    let other = Mapping::parse("other.toml", &other).unwrap();
    let plain = connector(&desk.provider, other);
    let seen = found(&*plain, Object::Activity, Lookup::Key("told/activity/1"), 1).await;
    assert_eq!(seen[0].fields["subject"], "under 500", "as whoever reads that property sees it");
}

#[tokio::test]
async fn the_command_line_prints_a_mapping_and_checks_it() {
    let desk = desk("hubspot", &["--fixed-token", "private-app"]);
    let folder = tempfile::tempdir().unwrap();
    let offhook = |args: &[&str]| {
        let output =
            Command::new(env!("CARGO_BIN_EXE_offhook")).args(args).current_dir(folder.path()).output().unwrap();
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        (output.status.code(), said.concat())
    };
    let (code, mapping) = offhook(&["crm", "mapping", "hubspot"]);
    assert_eq!(code, Some(0));
    std::fs::write(folder.path().join("mine.toml"), mapping.replace("\"offhook_notes\"", "\"remarks\"")).unwrap();
    let settings = format!("[crm]\nkind = \"hubspot\"\nurl = \"{}\"\ntoken = \"private-app\"\n", desk.provider.root);
    let demo = offhook::config::DEMO_TOML.replace("[crm]\n", &settings);
    std::fs::write(folder.path().join("offhook.toml"), &demo).unwrap();
    let (code, said) = offhook(&["crm", "check"]);
    assert_eq!((code, said.contains("every field")), (Some(0), true), "{said}");
    let mine = demo.replace("token = \"private-app\"\n", "token = \"private-app\"\nmapping = \"mine.toml\"\n");
    std::fs::write(folder.path().join("offhook.toml"), mine).unwrap();
    let (code, said) = offhook(&["crm", "check"]);
    assert!(code == Some(1) && said.contains("mine.toml, line ") && said.contains("`remarks`"), "{said}");
    let (code, said) = offhook(&["crm", "login"]);
    assert!(code == Some(2) && said.contains("needs no login"), "{said}");
}
