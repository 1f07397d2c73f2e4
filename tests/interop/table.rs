//! The matrix as it is read: a row per cell, and how many of each line were heard.

use std::time::Duration;

use crate::cell::{Cell, LINES, Protection};

/// What came of a cell.
pub enum Outcome {
    /// How like itself what was played came back: at first, and after a hold; and whether it was called a second time.
    Heard { first: f64, again: Option<f64>, took: Duration, twice: bool },
    /// It was not called: this program is not here.
    Missing(&'static str),
    /// Why it is none of the above.
    Failed(String),
}

/// A cell and what came of it.
pub type Row = (Cell, Outcome);

/// The whole table in Markdown.
pub fn table(rows: &[Row]) -> String {
    let head = "| peer | transport | codec | protection | hold | keys | result | likeness at first, after hold | seconds |\n\
                |---|---|---|---|---|---|---|---|---|\n";
    rows.iter().fold(head.to_owned(), |table, row| table + &line(row))
}

/// A row for each peer: heard, of those called, over each transport.
pub fn counts(rows: &[Row]) -> String {
    let mut counts = "| peer | UDP | TCP | TLS |\n|---|---|---|---|\n".to_owned();
    for (phone, way) in LINES {
        let of_line = || rows.iter().filter(|(cell, _)| (cell.phone, cell.way) == (phone, way));
        let Some((cell, _)) = of_line().next() else { continue };
        counts += &format!("| {} ", cell.line());
        for transport in ["udp", "tcp", "tls"] {
            let over = || of_line().filter(|(cell, _)| cell.transport.name() == transport);
            let heard = over().filter(|(_, outcome)| matches!(outcome, Outcome::Heard { .. })).count();
            counts +=
                &if over().count() == 0 { "| - ".to_owned() } else { format!("| {heard} of {} ", over().count()) };
        }
        counts += "|\n";
    }
    counts
}

fn line((cell, outcome): &Row) -> String {
    let yes = |so: bool| if so { "yes" } else { "-" };
    let protection = match cell.protection {
        Protection::None => "-".to_owned(),
        other => format!("{other:?}").to_uppercase(),
    };
    let (result, likeness, seconds) = match outcome {
        Outcome::Heard { first, again, took, twice } => {
            let again = again.map(|again| format!(", {again:.2}")).unwrap_or_default();
            (
                if *twice { "heard, called twice" } else { "heard" }.to_owned(),
                format!("{first:.2}{again}"),
                format!("{:.0}", took.as_secs_f64()),
            )
        }
        Outcome::Missing(program) => (format!("not called: no {program} here"), String::new(), String::new()),
        Outcome::Failed(why) => {
            (why.lines().next().unwrap_or_default().replace('|', "/"), String::new(), String::new())
        }
    };
    let (codec, transport) = (format!("{:?}", cell.codec), format!("{:?}", cell.transport).to_uppercase());
    let codec = if codec == "Opus" { codec } else { codec.to_uppercase() };
    format!(
        "| {} | {transport} | {codec} | {protection} | {} | {} | {result} | {likeness} | {seconds} |\n",
        cell.line(),
        yes(cell.hold),
        yes(cell.keys)
    )
}
