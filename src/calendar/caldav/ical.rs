//! iCalendar as text (RFC 5545 section 3.1): components, content lines and their parameters, read and written.

/// A component: `BEGIN:NAME` to `END:NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::calendar) struct Component {
    pub(in crate::calendar) name: String,
    pub(in crate::calendar) lines: Vec<Line>,
    pub(in crate::calendar) inside: Vec<Component>,
}

/// A content line, unfolded; its value as written, escapes included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::calendar) struct Line {
    pub(in crate::calendar) name: String,
    pub(in crate::calendar) params: Vec<(String, String)>,
    pub(in crate::calendar) value: String,
}

impl Component {
    /// An empty component.
    pub(in crate::calendar) fn new(name: &str) -> Component {
        Component { name: name.to_owned(), lines: Vec::new(), inside: Vec::new() }
    }

    /// The first component of a text; none when it is not iCalendar. What is left open at the end is closed there.
    pub(in crate::calendar) fn read(text: &str) -> Option<Component> {
        let mut open: Vec<Component> = Vec::new();
        for line in unfolded(text).iter().filter_map(|line| Line::read(line)) {
            match line.name.as_str() {
                "BEGIN" if open.len() == DEPTH_MAX => return None,
                "BEGIN" => open.push(Component::new(&line.value.trim().to_ascii_uppercase())),
                "END" => {
                    let done = open.pop()?;
                    match open.last_mut() {
                        Some(outer) => outer.inside.push(done),
                        None => return Some(done),
                    }
                }
                _ => open.last_mut()?.lines.push(line),
            }
        }
        None
    }

    /// The first line of a name.
    pub(in crate::calendar) fn line(&self, name: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.name == name)
    }

    /// Every line of a name.
    pub(in crate::calendar) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Line> {
        self.lines.iter().filter(move |line| line.name == name)
    }

    /// The value of a name's first line, as written.
    pub(in crate::calendar) fn value(&self, name: &str) -> Option<&str> {
        self.line(name).map(|line| line.value.as_str())
    }

    /// The same as text: escapes resolved.
    pub(in crate::calendar) fn text(&self, name: &str) -> Option<String> {
        self.value(name).map(unescaped)
    }

    /// Inner components of a name.
    pub(in crate::calendar) fn inner<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Component> {
        self.inside.iter().filter(move |inner| inner.name == name)
    }

    /// Adds a line, its value taken as written.
    pub(in crate::calendar) fn add(&mut self, name: &str, value: impl Into<String>) {
        self.lines.push(Line { name: name.to_owned(), params: Vec::new(), value: value.into() });
    }

    /// Adds a line of text.
    pub(in crate::calendar) fn add_text(&mut self, name: &str, text: &str) {
        self.add(name, escaped(text));
    }

    /// Replaces every line of a name by one.
    pub(in crate::calendar) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.remove(name);
        self.add(name, value);
    }

    /// Drops every line of a name.
    pub(in crate::calendar) fn remove(&mut self, name: &str) {
        self.lines.retain(|line| line.name != name);
    }

    /// As it goes over the wire: CRLF, folded at 75 octets.
    pub(in crate::calendar) fn written(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        fold(&format!("BEGIN:{}", self.name), out);
        for line in &self.lines {
            let params: String = line.params.iter().map(|(name, value)| format!(";{name}={}", quoted(value))).collect();
            fold(&format!("{}{params}:{}", line.name, line.value), out);
        }
        for inner in &self.inside {
            inner.write(out);
        }
        fold(&format!("END:{}", self.name), out);
    }
}

impl Line {
    fn read(text: &str) -> Option<Line> {
        let colon = outside_quotes(text, ':')?;
        let (head, value) = (&text[..colon], &text[colon + 1..]);
        let mut parts = split(head, ';').into_iter();
        let name = parts.next()?.trim().to_ascii_uppercase();
        let params = parts.filter_map(|part| {
            let (name, value) = part.split_once('=')?;
            Some((name.trim().to_ascii_uppercase(), value.trim().trim_matches('"').to_owned()))
        });
        Some(Line { name, params: params.collect(), value: value.to_owned() })
    }

    /// A parameter's value.
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// Lines joined again where a writer folded them; blank ones dropped.
fn unfolded(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.split('\n').map(|line| line.trim_end_matches('\r')) {
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some(last)) => last.push_str(rest),
            _ if line.trim().is_empty() => {}
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}

fn outside_quotes(text: &str, wanted: char) -> Option<usize> {
    let mut quoted = false;
    text.char_indices().find_map(|(at, c)| {
        quoted ^= c == '"';
        (c == wanted && !quoted).then_some(at)
    })
}

fn split(text: &str, by: char) -> Vec<&str> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some(at) = outside_quotes(rest, by) {
        parts.push(&rest[..at]);
        rest = &rest[at + by.len_utf8()..];
    }
    parts.push(rest);
    parts
}

fn unescaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('n' | 'N') => out.push('\n'),
                Some(other) => out.push(other),
                None => {}
            },
            (c, false) => out.push(c),
        }
    }
    out
}

/// Callers' words are data: nothing in them starts a line of its own.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// A parameter has no escapes, only quotes.
fn quoted(value: &str) -> String {
    let value: String = value.chars().filter(|c| *c != '"' && !c.is_control()).collect();
    if value.contains([':', ';', ',']) { format!("\"{value}\"") } else { value }
}

fn fold(line: &str, out: &mut String) {
    let mut width = 0;
    for c in line.chars() {
        if width + c.len_utf8() > LINE_BYTES_MAX {
            out.push_str("\r\n ");
            width = 1;
        }
        out.push(c);
        width += c.len_utf8();
    }
    out.push_str("\r\n");
}

/// Octets of a line without its break.
const LINE_BYTES_MAX: usize = 75;
/// Components inside each other: a calendar, an event, its alarm; more is an attack.
const DEPTH_MAX: usize = 8;
