//! `offhook contacts import`: what a business knows about its customers, from a table.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use offhook::config::Config;
use offhook::store::{ContactData, Store};

use crate::once;

/// What `offhook contacts` can do.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Enter contacts from a CSV file. Its first line names the columns: phone, and any of name, email, birth_date, zip,
    /// tier, language, notes. Imported again it changes nothing.
    Import {
        /// The file.
        #[arg(value_name = "FILE.csv")]
        file: PathBuf,
        /// Configuration; found as `serve` finds it.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Whose contacts they are; may be left out where there is one business.
        #[arg(long, value_name = "ID")]
        business: Option<String>,
    },
}

/// Imports all of a file, or nothing of it.
pub fn import(config: &Config, file: &Path, business: Option<&str>) -> ExitCode {
    let found = match (business, config.businesses.as_slice()) {
        (None, [only]) => Some(only),
        (named, all) => all.iter().find(|one| Some(one.id.as_str()) == named),
    };
    let Some(business) = found else {
        let known: Vec<&str> = config.businesses.iter().map(|one| one.id.as_str()).collect();
        eprintln!("name the business with --business; known: {}", known.join(", "));
        return ExitCode::from(2);
    };
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("{} cannot be read: {error}; it has to be text in UTF-8", file.display());
            return ExitCode::from(2);
        }
    };
    match contacts(&text, &business.country) {
        Ok(contacts) => write(config, &business.id, &contacts),
        Err(faults) => {
            for fault in faults.iter().take(FAULTS_SHOWN) {
                eprintln!("{}:{fault}", file.display());
            }
            eprintln!("{} of the lines are wrong; nothing was imported", faults.len());
            ExitCode::from(2)
        }
    }
}

fn write(config: &Config, business: &str, contacts: &[ContactData]) -> ExitCode {
    let written = once::run(async {
        let store = Store::open(&config.store.url).await?;
        let added = store.put_contacts(business, contacts).await;
        store.close().await;
        added
    });
    match written {
        Ok(added) => {
            println!("{} contacts: {added} new, {} completed", contacts.len(), contacts.len() - added);
            ExitCode::SUCCESS
        }
        Err(code) => code,
    }
}

/// The contacts of a table, or everything wrong with it: "LINE: column `NAME`: ...".
fn contacts(text: &str, country: &str) -> Result<Vec<ContactData>, Vec<String>> {
    let mut rows = rows(text.trim_start_matches('\u{feff}')).map_err(|fault| vec![fault])?.into_iter();
    let (_, header) =
        rows.next().ok_or_else(|| vec!["1: the file is empty; its first line names the columns".into()])?;
    let header: Vec<String> = header.iter().map(|name| name.trim().to_lowercase()).collect();
    if let Some(unknown) = header.iter().find(|name| !COLUMNS.contains(&name.as_str())) {
        return Err(vec![format!("1: no column `{unknown}`; known: {}", COLUMNS.join(", "))]);
    }
    if let Some(twice) = header.iter().enumerate().find(|(at, name)| header[..*at].contains(name)) {
        return Err(vec![format!("1: column `{}` stands there twice; remove one", twice.1)]);
    }
    if !header.iter().any(|name| name == "phone") {
        return Err(vec!["1: no column `phone`; every contact has a number".into()]);
    }
    let (mut contacts, mut faults) = (Vec::new(), Vec::new());
    for (line, cells) in rows.filter(|(_, cells)| cells.iter().any(|cell| !cell.trim().is_empty())) {
        if cells.len() != header.len() {
            faults.push(format!(
                "{line}: {} columns, the first line names {}; quote commas: \"a, b\"",
                cells.len(),
                header.len()
            ));
            continue;
        }
        match contact(&header, cells).checked(Some(country)) {
            Ok(contact) => contacts.push(contact),
            Err(fault) => faults.push(format!("{line}: column `{}`: {}", fault.field, fault.what)),
        }
    }
    if faults.is_empty() { Ok(contacts) } else { Err(faults) }
}

fn contact(header: &[String], cells: Vec<String>) -> ContactData {
    let mut contact = ContactData::default();
    for (name, cell) in header.iter().zip(cells) {
        match name.as_str() {
            "phone" => contact.phone = cell,
            "name" => contact.name = Some(cell),
            "email" => contact.email = Some(cell),
            "birth_date" => contact.birth_date = Some(cell),
            "zip" => contact.zip = Some(cell),
            "tier" => contact.tier = Some(cell),
            "language" => contact.language = Some(cell),
            _ => contact.notes = vec![cell],
        }
    }
    contact
}

/// Rows of comma-separated values (RFC 4180), each with the line it begins on.
fn rows(text: &str) -> Result<Vec<(usize, Vec<String>)>, String> {
    let (mut rows, mut cells, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut line, mut begun, mut quoted) = (1, 1, None);
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        line += usize::from(c == '\n');
        match (c, quoted) {
            ('"', Some(_)) if characters.next_if_eq(&'"').is_some() => cell.push('"'),
            ('"', Some(_)) => quoted = None,
            ('"', None) if cell.is_empty() => quoted = Some(line),
            (',', None) => cells.push(std::mem::take(&mut cell)),
            ('\r', None) if characters.peek() == Some(&'\n') => {}
            ('\n', None) => {
                cells.push(std::mem::take(&mut cell));
                rows.push((begun, std::mem::take(&mut cells)));
                begun = line;
            }
            (c, _) => cell.push(c),
        }
    }
    if let Some(opened) = quoted {
        return Err(format!("{opened}: a quote is opened and never closed; close it, or double it where it is meant"));
    }
    if !cell.is_empty() || !cells.is_empty() {
        cells.push(cell);
        rows.push((begun, cells));
    }
    Ok(rows)
}

const COLUMNS: [&str; 8] = ["phone", "name", "email", "birth_date", "zip", "tier", "language", "notes"];
/// Wrong lines that are named: whoever has more mends the first ones first.
const FAULTS_SHOWN: usize = 20;
