//! What a business knows about its customers: entered over the API, imported from a table.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use offhook::store::Store;
use serde_json::{Value, json};

use crate::house::{House, TOKEN, problem};

async fn put(house: &House, contact: &Value) -> reqwest::Response {
    let request = house.request(reqwest::Method::PUT, "/api/v1/contacts").bearer_auth(TOKEN);
    request.json(contact).send().await.unwrap()
}

#[tokio::test]
async fn a_contact_is_entered_and_completed() {
    let house = House::open().await;
    let anna = json!({"business": "garage", "phone": "+34915550123", "name": "Anna Bell", "email": "Anna@Example.com",
        "birth_date": "1980-02-28", "zip": "28001", "tier": "gold", "language": "es", "notes": ["drives a van"]});
    let answer = put(&house, &anna).await;
    assert_eq!(answer.status(), 201);
    let new: Value = answer.json().await.unwrap();
    assert_eq!((&new["email"], &new["birth_date"]), (&json!("anna@example.com"), &json!("1980-02-28")));
    for _ in 0..2 {
        let answer = put(&house, &json!({"business": "garage", "phone": "+34 915 55 01 23", "zip": "28002"})).await;
        assert_eq!(answer.status(), 200);
    }
    let all = house.json("/api/v1/contacts").await;
    assert_eq!(all.as_array().unwrap().len(), 1);
    assert_eq!(
        (&all[0]["zip"], &all[0]["name"], &all[0]["tier"]),
        (&json!("28002"), &json!("Anna Bell"), &json!("gold"))
    );
    assert_eq!((&all[0]["notes"], &all[0]["fields"]["language"]), (&json!(["drives a van"]), &json!("es")));
}

#[tokio::test]
async fn what_is_wrong_is_named_with_its_field() {
    let house = House::open().await;
    let good = json!({"business": "garage", "phone": "+34915550123"});
    for (field, value, hint) in [
        ("phone", json!("915550123"), "write it like +1"),
        ("phone", json!(""), "missing"),
        ("email", json!("anna at example"), "anna@example.com"),
        ("birth_date", json!("28/02/1980"), "1980-02-28"),
        ("birth_date", json!("2190-02-28"), "1980-02-28"),
        ("language", json!("Spanish please"), "es-MX"),
        ("zip", json!("1234567890123"), "shorten"),
        ("name", json!("a\u{7}b"), "plain text"),
        ("business", json!("bakery"), "garage, clinic"),
        ("business", json!(null), "garage, clinic"),
        ("shoe_size", json!(44), "unknown field"),
    ] {
        let mut contact = good.clone();
        contact[field] = value;
        let detail = problem(put(&house, &contact).await, 400).await;
        assert!(detail.contains(field) && detail.contains(hint), "{field}: {detail}");
    }
    let request = house.request(reqwest::Method::PUT, "/api/v1/contacts").json(&good);
    problem(request.send().await.unwrap(), 401).await;
    assert_eq!(house.json("/api/v1/contacts").await, json!([]));
}

fn import(dir: &Path, table: &str) -> Output {
    fs::write(dir.join("people.csv"), table).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_offhook"));
    command
        .args(["contacts", "import", "people.csv"])
        .current_dir(dir)
        .env_remove("OFFHOOK_TESTING_NOW")
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[tokio::test]
async fn a_table_is_imported_as_often_as_wanted() {
    let dir = tempfile::tempdir().unwrap();
    let table = "\u{feff}Phone,name,email,birth_date,zip,tier,language,notes\r\n\
        +12125550123,Anna Bell,anna@example.com,1980-02-28,02139,gold,en,\"likes \"\"early\"\", not late\"\r\n\
        (617) 555-0123,Bob Ray,,,,,,\r\n\r\n";
    for expected in ["2 contacts: 2 new, 0 completed", "2 contacts: 0 new, 2 completed"] {
        let output = import(dir.path(), table);
        assert!(output.status.success() && said(&output).contains(expected), "{}", said(&output));
    }
    let store = Store::open(&format!("sqlite:{}", dir.path().join("data/offhook.db").display())).await.unwrap();
    let rows = store.contacts(None, 10).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.phone.as_str()).collect::<Vec<_>>(), ["+12125550123", "+16175550123"]);
    assert_eq!(rows[0].notes, ["likes \"early\", not late"]);
    assert_eq!((rows[0].birth_date.as_deref(), rows[0].tier.as_deref()), (Some("1980-02-28"), Some("gold")));
    assert_eq!((rows[1].name.as_deref(), rows[1].email.as_deref()), (Some("Bob Ray"), None));
    store.close().await;
}

#[tokio::test]
async fn a_table_with_a_fault_imports_nothing_and_names_line_and_column() {
    let dir = tempfile::tempdir().unwrap();
    for (table, wanted) in [
        ("", "people.csv:1: the file is empty"),
        ("name\nAnna\n", "people.csv:1: no column `phone`"),
        ("phone,shoe\n", "people.csv:1: no column `shoe`; known: phone, name"),
        ("phone,phone\n", "people.csv:1: column `phone` stands there twice"),
        ("phone,name\n+12125550123,Anna\n12,Bob\n", "people.csv:3: column `phone`: \"12\" is no phone number"),
        (
            "phone,birth_date\n+12125550123,\"28.\n2.1980\"\n+12125550124,1.1.1980\n",
            "people.csv:4: column `birth_date`",
        ),
        ("phone,name\n+12125550123,Bell, Anna\n", "people.csv:2: 3 columns, the first line names 2"),
        ("phone,name\n+12125550123,\"Anna\n", "people.csv:2: a quote is opened"),
    ] {
        let output = import(dir.path(), table);
        assert_eq!(output.status.code(), Some(2), "{table:?}");
        assert!(said(&output).contains(wanted), "{table:?}: {}", said(&output));
    }
    assert!(!dir.path().join("data/offhook.db").exists(), "nothing was written");
}
