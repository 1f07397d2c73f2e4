//! The labelled conversations: read from their files, and held against what the extraction finds.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use offhook::conversation::{Language, Question};
use offhook::record::{Answer, Citation, ConversationKind, Extraction, Heard, Party, Said, Setting, Side, extract};
use serde::Deserialize;

/// One conversation with what should be found in it.
pub struct Labelled {
    pub name: String,
    pub kind: ConversationKind,
    pub language: Language,
    pub questions: Vec<Question>,
    pub heard: Heard,
    pub expect: Expect,
}

/// The labels; see labelled/README.md.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    intent: Option<String>,
    urgency: Option<String>,
    sentiment: Option<String>,
    lead: Option<String>,
    #[serde(default)]
    answers: BTreeMap<String, String>,
    #[serde(default)]
    next_steps: Vec<String>,
    #[serde(default)]
    objections: Vec<(String, String)>,
    #[serde(default)]
    stakeholders: Vec<(String, String)>,
    #[serde(default)]
    competitors: Vec<String>,
    #[serde(default)]
    tasks: Vec<String>,
    #[serde(default)]
    changes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    kind: ConversationKind,
    language: String,
    questions: String,
    ours: Vec<String>,
    talk: String,
    expect: Expect,
}

#[derive(Deserialize)]
struct Shared {
    vocabulary: BTreeMap<String, Vec<String>>,
    sets: BTreeMap<String, Vec<Question>>,
}

/// Right, found, and labelled.
#[derive(Debug, Default, Clone, Copy)]
pub struct Count {
    pub right: usize,
    pub found: usize,
    pub labelled: usize,
}

/// Everything of one half.
pub fn half(folder: &str) -> Vec<Labelled> {
    let shared = shared();
    let mut files: Vec<PathBuf> = fs::read_dir(root().join(folder)).unwrap().map(|f| f.unwrap().path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "toml"));
    files.sort();
    files.iter().map(|file| read(file, &shared)).collect()
}

/// Utterances of one half with their labels.
pub fn utterances(folder: &str) -> Vec<(String, String)> {
    let file = fs::read_to_string(root().join(folder).join("utterances.tsv")).unwrap();
    file.lines().map(|l| l.split_once('\t').map(|(l, t)| (l.to_owned(), t.to_owned())).unwrap()).collect()
}

pub fn competitors() -> Vec<String> {
    shared().vocabulary["competitors"].clone()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/extract/labelled")
}

fn shared() -> Shared {
    toml::from_str(&fs::read_to_string(root().join("questions.toml")).unwrap()).unwrap()
}

fn read(path: &Path, shared: &Shared) -> Labelled {
    let file: File = toml::from_str(&fs::read_to_string(path).unwrap()).unwrap_or_else(|e| panic!("{path:?}: {e}"));
    let mut at = 0;
    let lines = file.talk.trim().lines().map(|line| {
        let (who, words) = line.split_once(": ").unwrap_or_else(|| panic!("{path:?}: {line}"));
        at += 700;
        let start_ms = at;
        at += 350 * words.split_whitespace().count() as u64;
        Said { speaker: who.into(), text: words.into(), start_ms, end_ms: at }
    });
    let lines = lines.collect();
    let ours = |name: &String| Party { name: name.clone(), side: Side::Ours, ..Party::default() };
    Labelled {
        name: path.file_stem().unwrap().to_string_lossy().into_owned(),
        kind: file.kind,
        language: Language::of(&file.language).unwrap(),
        questions: shared.sets[&file.questions].clone(),
        heard: Heard { lines, people: file.ours.iter().map(ours).collect() },
        expect: file.expect,
    }
}

impl Labelled {
    pub fn extraction(&self, competitors: &[String]) -> Extraction {
        let day = jiff::civil::date(2026, 3, 3);
        let setting =
            Setting { kind: self.kind, language: self.language, day, questions: &self.questions, competitors };
        extract(&self.heard, &setting)
    }

    /// What is right and wrong, field by field.
    pub fn judge(&self, found: &Extraction, tally: &mut Tally) {
        let e = &self.expect;
        tally.one(self, "intent", found.intent.value().cloned(), e.intent.clone());
        tally.one(self, "urgency", found.urgency.value().map(|u| u.as_str().into()), e.urgency.clone());
        tally.one(self, "sentiment", found.sentiment.value().map(|s| s.label.as_str().into()), e.sentiment.clone());
        tally.one(self, "lead", found.lead_score.value().map(|l| l.band().into()), e.lead.clone());
        for (id, finding) in &found.answers {
            self.answer(id, finding.value(), tally);
        }
        let line = |c: &[Citation]| self.line(c);
        let steps = found.next_steps.iter().map(|c| line(&c.citations)).collect();
        tally.set(self, "next_steps", steps, e.next_steps.iter().map(|s| self.line_of(s)).collect());
        let raised = found.objections.iter().map(|c| format!("{} {}", c.value.category, line(&c.citations))).collect();
        let wanted = e.objections.iter().map(|(kind, words)| format!("{kind} {}", self.line_of(words))).collect();
        tally.set(self, "objections", raised, wanted);
        self.people(found, tally);
        tally.set(
            self,
            "competitors",
            found.competitors.iter().map(|c| c.value.clone()).collect(),
            e.competitors.clone(),
        );
        let due = |due: Option<jiff::civil::Date>| due.map_or("-".to_owned(), |d| d.to_string());
        let tasks = found.tasks.iter().map(|c| format!("{} {}", c.value.kind, due(c.value.due))).collect();
        tally.set(self, "tasks", tasks, e.tasks.clone());
        let set = found.proposed_changes.iter().map(|c| &c.value).filter(|c| c.mode == offhook::record::Mode::Set);
        let changes = set.map(|c| format!("{}.{}={}", c.object, c.field, c.value)).collect();
        tally.set(self, "changes", changes, e.changes.clone());
    }

    /// Free text is right when it holds the label's words or they hold it.
    fn answer(&self, id: &str, found: Option<&Answer>, tally: &mut Tally) {
        let wanted = self.expect.answers.get(id);
        let found = found.map(|a| match (a, wanted) {
            (Answer::Text(text), Some(wanted)) => {
                let (text, label) = (text.to_lowercase(), wanted.to_lowercase());
                if text.contains(&label) || label.contains(&text) { wanted.clone() } else { text }
            }
            (answer, _) => answer.words(),
        });
        tally.one(self, "answers", found.map(|f| format!("{id}={f}")), wanted.map(|w| format!("{id}={w}")));
    }

    fn people(&self, found: &Extraction, tally: &mut Tally) {
        let wanted = &self.expect.stakeholders;
        let names = found.stakeholders.iter().map(|c| c.value.name.clone()).collect();
        tally.set(self, "stakeholders", names, wanted.iter().map(|(name, _)| name.clone()).collect());
        for person in &found.stakeholders {
            let label = wanted.iter().find(|(name, _)| *name == person.value.name).map(|(_, role)| role.to_lowercase());
            let role = person.value.role.as_ref().map(|r| r.to_lowercase());
            let role =
                role.map(|r| label.clone().filter(|l| !l.is_empty() && (r.contains(l) || l.contains(&r))).unwrap_or(r));
            tally.one(self, "roles", role, label.filter(|l| !l.is_empty()));
        }
    }

    /// The line a citation stands in, by its time.
    fn line(&self, cited: &[Citation]) -> String {
        let start = cited.first().map(|c| c.start_ms);
        self.heard.lines.iter().position(|l| Some(l.start_ms) == start).map_or("nowhere".into(), |n| n.to_string())
    }

    fn line_of(&self, words: &str) -> String {
        let place = self.heard.lines.iter().position(|l| l.text.contains(words));
        place.unwrap_or_else(|| panic!("{}: no line has {words:?}", self.name)).to_string()
    }
}

/// Counts per field, and what went wrong.
#[derive(Default)]
pub struct Tally {
    pub fields: BTreeMap<&'static str, Count>,
    pub wrong: Vec<String>,
}

impl Tally {
    fn one(&mut self, of: &Labelled, field: &'static str, found: Option<String>, wanted: Option<String>) {
        self.set(of, field, found.into_iter().collect(), wanted.into_iter().collect());
    }

    fn set(&mut self, of: &Labelled, field: &'static str, found: Vec<String>, mut wanted: Vec<String>) {
        let count = self.fields.entry(field).or_default();
        count.found += found.len();
        count.labelled += wanted.len();
        for item in found {
            match wanted.iter().position(|w| *w == item) {
                Some(n) => {
                    wanted.remove(n);
                    count.right += 1;
                }
                None => self.wrong.push(format!("{} {field}: not {item:?}", of.name)),
            }
        }
        self.wrong.extend(wanted.iter().map(|w| format!("{} {field}: missed {w:?}", of.name)));
    }

    pub fn all(&self) -> Count {
        self.fields.values().fold(Count::default(), |a, b| Count {
            right: a.right + b.right,
            found: a.found + b.found,
            labelled: a.labelled + b.labelled,
        })
    }
}

impl Count {
    pub fn precision(self) -> f64 {
        self.right as f64 / self.found.max(1) as f64
    }

    pub fn recall(self) -> f64 {
        self.right as f64 / self.labelled.max(1) as f64
    }
}
