//! Flows as data: what each kind of wish asks for, in which order, what it checks and what it comes to.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use serde::Deserialize;
use toml::Spanned;

/// A kind of wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A new appointment.
    Book,
    /// Another time for one there is.
    Move,
    /// One there is, off.
    Cancel,
    /// When one there is will be.
    When,
    /// A question the business answers.
    Faq,
    /// A message.
    Message,
    /// A call back.
    Callback,
    /// A person.
    Person,
    /// A department.
    Department,
    /// An emergency.
    Emergency,
    /// Somebody else was meant.
    WrongNumber,
    /// Somebody sells.
    Sales,
    /// A call after hours.
    AfterHours,
    /// A call on a closed day.
    Holiday,
}

impl Kind {
    /// Those a call may begin in.
    pub const OPENING: [Kind; 7] =
        [Kind::Book, Kind::Move, Kind::Cancel, Kind::When, Kind::Message, Kind::Callback, Kind::Person];

    /// The kind of this name that a call may begin in.
    pub fn opening(name: &str) -> Option<Kind> {
        Kind::OPENING.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Its name in configuration.
    pub fn as_str(self) -> &'static str {
        KINDS.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }
}

/// What a flow may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// Which service.
    Service,
    /// Day and time.
    Time,
    /// The caller's name.
    Name,
    /// The number to call.
    Phone,
    /// Which appointment.
    Appointment,
    /// What to pass on.
    Message,
    /// An e-mail address.
    Email,
}

/// What a flow comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// An appointment is made.
    Book,
    /// One is moved.
    Move,
    /// One is cancelled.
    Cancel,
    /// One is told.
    Tell,
    /// An answer is given.
    Answer,
    /// The office is left a message.
    Message,
    /// The call is ended.
    End,
}

/// One flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// Whether it is done at all.
    pub on: bool,
    /// What the call's record calls it.
    pub intent: String,
    /// What it asks for, in order.
    pub asks: Vec<Ask>,
    /// Whether a person has to ask where the caller gave no e-mail address.
    pub needs_email: bool,
    /// Whether the caller is checked first.
    pub verify: bool,
    /// What it comes to.
    pub then: Then,
    /// What it says first after hours.
    pub closed: Option<String>,
    /// What it says first on a closed day.
    pub holiday: Option<String>,
}

/// Every flow of a business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flows(BTreeMap<Kind, Flow>);

/// Flows as somebody wrote them: the keys that differ, each with its place in the text.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct GivenFlows(BTreeMap<Spanned<String>, GivenFlow>);

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct GivenFlow {
    on: Option<Spanned<bool>>,
    intent: Option<Spanned<String>>,
    asks: Option<Spanned<Vec<Spanned<String>>>>,
    needs_email: Option<Spanned<bool>>,
    verify: Option<Spanned<bool>>,
    then: Option<Spanned<String>>,
    closed: Option<Spanned<String>>,
    holiday: Option<Spanned<String>>,
}

/// What is wrong with flows that were written, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowFault {
    /// Bytes of the text.
    pub at: Range<usize>,
    /// What is wrong and how to mend it.
    pub what: String,
}

static BUILT_IN: LazyLock<Arc<Flows>> = LazyLock::new(|| {
    Arc::new(Flows::parse("flows.toml", include_str!("flows.toml")).expect("embedded file, read by a test"))
});

impl Flows {
    /// The flows as they come.
    pub fn built_in() -> Arc<Flows> {
        Arc::clone(&BUILT_IN)
    }

    /// Every flow, written out; an error names the file, the line and the remedy.
    pub fn parse(file: &str, text: &str) -> Result<Flows, String> {
        let line = |at: usize| 1 + text.bytes().take(at).filter(|b| *b == b'\n').count();
        let fault = |f: FlowFault| format!("{file}:{}: {}", line(f.at.start), f.what);
        let given: GivenFlows = toml::from_str(text)
            .map_err(|e| format!("{file}:{}: {}", line(e.span().map_or(0, |s| s.start)), e.message().trim()))?;
        let blank = Flow {
            on: true,
            intent: String::new(),
            asks: Vec::new(),
            needs_email: false,
            verify: false,
            then: Then::Answer,
            closed: None,
            holiday: None,
        };
        let base = Flows(KINDS.iter().map(|(kind, _)| (*kind, blank.clone())).collect());
        for (kind, name) in KINDS {
            if !given.0.keys().any(|key| key.get_ref() == name) {
                let what = format!("no [{name}]; add it with intent and then, like then = \"{}\"", thens(kind)[0]);
                return Err(fault(FlowFault { at: 0..0, what }));
            }
        }
        given.over(&base).map_err(fault)
    }

    /// One flow.
    pub fn of(&self, kind: Kind) -> &Flow {
        self.0.get(&kind).expect("every kind is there from the start")
    }
}

impl GivenFlows {
    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These keys over the flows of `base`.
    pub fn over(&self, base: &Flows) -> Result<Flows, FlowFault> {
        let mut flows = base.clone();
        for (name, given) in &self.0 {
            let found = KINDS.iter().find(|(_, known)| known == name.get_ref());
            let (kind, _) = *found.ok_or_else(|| {
                let known: Vec<&str> = KINDS.iter().map(|(_, name)| *name).collect();
                let what = format!("no flow `{}`; known: {}", name.get_ref(), known.join(", "));
                FlowFault { at: name.span(), what }
            })?;
            let flow = flows.0.get_mut(&kind).expect("every kind is there from the start");
            given.over(kind, flow, name.span())?;
        }
        Ok(flows)
    }
}

impl GivenFlow {
    fn over(&self, kind: Kind, flow: &mut Flow, at: Range<usize>) -> Result<(), FlowFault> {
        if let Some(on) = &self.on {
            flow.on = *on.get_ref();
            if kind == Kind::Emergency && !flow.on {
                return Err(fault(on.span(), "an emergency is always answered; remove this line"));
            }
        }
        for (given, text) in [(&self.closed, &mut flow.closed), (&self.holiday, &mut flow.holiday)] {
            if let Some(given) = given {
                *text = Some(said(given)?);
            }
        }
        if let Some(intent) = &self.intent {
            flow.intent = said(intent)?;
        }
        if flow.intent.is_empty() {
            return Err(fault(at, "no intent; add one, like intent = \"book\""));
        }
        if let Some(verify) = &self.verify {
            flow.verify = *verify.get_ref();
        }
        if let Some(then) = &self.then {
            let known = thens(kind);
            let end = THENS.iter().find(|(_, name)| name == then.get_ref() && known.contains(name));
            let what = || format!("`{}` is nothing this flow comes to; write {}", then.get_ref(), listed(&known));
            flow.then = end.ok_or_else(|| fault(then.span(), what()))?.0;
        }
        if let Some(asks) = &self.asks {
            flow.asks = read_asks(kind, asks)?;
        }
        if let Some(needs) = &self.needs_email {
            flow.needs_email = *needs.get_ref();
            if flow.needs_email && !flow.asks.contains(&Ask::Email) {
                return Err(fault(needs.span(), "nothing asks for it; add \"email\" to asks, or remove this line"));
            }
        }
        Ok(())
    }
}

fn read_asks(kind: Kind, given: &Spanned<Vec<Spanned<String>>>) -> Result<Vec<Ask>, FlowFault> {
    let (possible, needed) = asked_by(kind);
    let mut asks = Vec::new();
    for name in given.get_ref() {
        let found = ASKS.iter().find(|(ask, n)| n == name.get_ref() && possible.contains(ask));
        let names: Vec<&str> = ASKS.iter().filter(|(ask, _)| possible.contains(ask)).map(|(_, n)| *n).collect();
        let what = || match names.as_slice() {
            [] => "this flow asks for nothing; remove the line".to_string(),
            names => format!("`{}` is not asked for here; write {}", name.get_ref(), listed(names)),
        };
        let (ask, _) = *found.ok_or_else(|| fault(name.span(), what()))?;
        if asks.contains(&ask) {
            return Err(fault(name.span(), format!("`{}` is asked for twice; remove one", name.get_ref())));
        }
        asks.push(ask);
    }
    match ASKS.iter().find(|(ask, _)| needed.contains(ask) && !asks.contains(ask)) {
        Some((_, name)) => {
            Err(fault(given.span(), format!("`{name}` is missing; nothing comes of this flow without it")))
        }
        None => Ok(asks),
    }
}

/// What a flow may ask for, and what it must.
fn asked_by(kind: Kind) -> (&'static [Ask], &'static [Ask]) {
    match kind {
        Kind::Book => (&[Ask::Service, Ask::Time, Ask::Name, Ask::Phone, Ask::Email], &[Ask::Service, Ask::Time]),
        Kind::Move => (&[Ask::Appointment, Ask::Time], &[Ask::Appointment, Ask::Time]),
        Kind::Cancel => (&[Ask::Appointment], &[Ask::Appointment]),
        Kind::Message | Kind::Callback | Kind::Person | Kind::Department => {
            (&[Ask::Message, Ask::Name, Ask::Phone, Ask::Email], &[Ask::Message])
        }
        _ => (&[], &[]),
    }
}

/// What a flow may come to; the first is the usual.
fn thens(kind: Kind) -> Vec<&'static str> {
    match kind {
        Kind::Book => vec!["book", "message"],
        Kind::Move => vec!["move", "message"],
        Kind::Cancel => vec!["cancel", "message"],
        Kind::When => vec!["tell", "message"],
        Kind::Message | Kind::Callback | Kind::Person | Kind::Department => vec!["message"],
        Kind::WrongNumber | Kind::Sales => vec!["end"],
        Kind::Faq | Kind::Emergency | Kind::AfterHours | Kind::Holiday => vec!["answer"],
    }
}

fn fault(at: Range<usize>, what: impl Into<String>) -> FlowFault {
    FlowFault { at, what: what.into() }
}

fn said(text: &Spanned<String>) -> Result<String, FlowFault> {
    let plain = text.get_ref().trim();
    match !plain.is_empty() && plain.chars().count() <= TEXT_CHARS_MAX && !plain.chars().any(char::is_control) {
        true => Ok(plain.to_string()),
        false => {
            Err(fault(text.span(), format!("write plain text of at most {TEXT_CHARS_MAX} characters, or no line")))
        }
    }
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|n| format!("\"{n}\"")).collect::<Vec<_>>().join(" or ")
}

/// Longest text said: half a minute of speech.
const TEXT_CHARS_MAX: usize = 600;

const KINDS: [(Kind, &str); 14] = [
    (Kind::Book, "book"),
    (Kind::Move, "move"),
    (Kind::Cancel, "cancel"),
    (Kind::When, "when"),
    (Kind::Faq, "faq"),
    (Kind::Message, "message"),
    (Kind::Callback, "callback"),
    (Kind::Person, "person"),
    (Kind::Department, "department"),
    (Kind::Emergency, "emergency"),
    (Kind::WrongNumber, "wrong_number"),
    (Kind::Sales, "sales"),
    (Kind::AfterHours, "after_hours"),
    (Kind::Holiday, "holiday"),
];
const ASKS: [(Ask, &str); 7] = [
    (Ask::Service, "service"),
    (Ask::Time, "time"),
    (Ask::Name, "name"),
    (Ask::Phone, "phone"),
    (Ask::Appointment, "appointment"),
    (Ask::Message, "message"),
    (Ask::Email, "email"),
];
const THENS: [(Then, &str); 7] = [
    (Then::Book, "book"),
    (Then::Move, "move"),
    (Then::Cancel, "cancel"),
    (Then::Tell, "tell"),
    (Then::Answer, "answer"),
    (Then::Message, "message"),
    (Then::End, "end"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_flows_are_sound() {
        assert!(Flows::built_in().of(Kind::Book).on);
    }

    #[test]
    fn faults_name_the_line_and_the_remedy() {
        let text = include_str!("flows.toml");
        for (from, to, line, hint) in [
            ("then = \"book\"", "then = \"tell\"", 16, "\"book\" or \"message\""),
            ("\"time\", \"name\", \"phone\"]", "\"name\"]", 15, "`time` is missing"),
            ("\"name\", \"phone\"]\nthen = \"book\"", "\"name\", \"name\"]\nthen = \"book\"", 15, "twice"),
            ("[sales]", "[sails]", 1, "no [sales]"),
            ("[emergency]\n", "[emergency]\non = false\n", 60, "always answered"),
        ] {
            assert!(text.contains(from), "{from}");
            let error = Flows::parse("flows.toml", &text.replacen(from, to, 1)).expect_err(from);
            assert!(error.starts_with(&format!("flows.toml:{line}: ")) && error.contains(hint), "{error}");
        }
    }
}
