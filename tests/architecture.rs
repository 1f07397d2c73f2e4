//! The house stays the house: the map in `src/lib.rs` is read, and the code is held against it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A room as the map has it.
struct Room {
    pure: bool,
    may_use: BTreeSet<String>,
}

/// Lines of a file, and of a function, at most.
const FILE_LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 70;

/// What a pure room must not know: clocks, files, threads, locks, sockets, tasks.
const IMPURE: [&str; 23] = [
    "Instant::now",
    "SystemTime::now",
    "Timestamp::now",
    "Zoned::now",
    "TimeZone::system",
    "std::fs",
    "std::env",
    "std::process",
    "std::thread",
    "thread::",
    "tokio",
    "reqwest",
    "sqlx",
    "dashmap",
    "Mutex",
    "RwLock",
    "Condvar",
    "OnceLock",
    "UdpSocket",
    "TcpStream",
    "TcpListener",
    "File::open",
    "unsafe",
];

#[test]
fn no_room_reaches_past_the_map() {
    let rooms = map();
    let mut wrong = Vec::new();
    for (name, room) in &rooms {
        for file in rust_files(&root().join("src").join(name)) {
            for used in rooms_used(&code(&file, false)) {
                let known = rooms.contains_key(&used) && used != *name;
                if known && !room.may_use.contains(&used) && name != "config" {
                    wrong.push(format!("{} uses {used}, the map does not allow it", shown(&file)));
                }
                if used == "config" && name != "config" {
                    wrong.push(format!("{} reads config; a room has its own settings", shown(&file)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_map_has_no_way_round_in_a_circle() {
    let mut rooms = map();
    rooms.remove("config");
    while let Some(done) = rooms.iter().find(|(_, room)| room.may_use.iter().all(|used| !rooms.contains_key(used))) {
        let done = done.0.clone();
        rooms.remove(&done);
    }
    assert!(rooms.is_empty(), "these use each other: {:?}", rooms.keys());
}

#[test]
fn every_folder_is_on_the_map_and_every_room_exists() {
    let folders: BTreeSet<String> = fs::read_dir(root().join("src"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    assert_eq!(folders, map().into_keys().collect());
}

#[test]
fn a_door_only_opens() {
    let doing = ["fn ", "impl ", "struct ", "enum ", "trait ", "static "];
    for room in map().keys() {
        let door = root().join("src").join(room).join("mod.rs");
        let code = code(&door, false);
        let found: Vec<_> = doing.iter().filter(|word| has_word(&code, word.trim())).collect();
        assert!(found.is_empty(), "{} must only declare and re-export, it has {found:?}", shown(&door));
    }
}

#[test]
fn pure_rooms_know_no_clock_socket_file_lock_or_task() {
    let mut wrong = Vec::new();
    for (name, _) in map().into_iter().filter(|(_, room)| room.pure) {
        for file in rust_files(&root().join("src").join(name)) {
            let code = code(&file, false);
            for word in IMPURE.iter().filter(|word| has_word(&code, word)) {
                wrong.push(format!("{} has {word}", shown(&file)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_panics_without_saying_why() {
    let mut wrong = Vec::new();
    for file in rust_files(&root().join("src")) {
        let code = code(&file, true);
        for (number, line) in code.lines().enumerate() {
            let silent = [".unwrap()", ".expect(\"\")", "todo!(", "unimplemented!(", "panic!()", "unreachable!()"];
            if silent.iter().any(|word| line.contains(word)) {
                wrong.push(format!("{}:{}: {}", shown(&file), number + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_and_functions_stay_readable() {
    let mut wrong = Vec::new();
    for folder in ["src", "tests", "bench"] {
        for file in rust_files(&root().join(folder)) {
            let lines = fs::read_to_string(&file).unwrap().lines().count();
            if lines > FILE_LINES_MAX {
                wrong.push(format!("{}: {lines} lines", shown(&file)));
            }
            if folder == "src" {
                for (line, length) in functions(&code(&file, false)) {
                    if length > FUNCTION_LINES_MAX {
                        wrong.push(format!("{}:{line}: a function of {length} lines", shown(&file)));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_code_knows_the_demo_business() {
    let demo = offhook::config::parse("demo", offhook::config::DEMO_TOML).unwrap();
    let mut words = BTreeSet::new();
    for business in &demo.businesses {
        words.extend(business.name.to_lowercase().split(' ').map(str::to_string));
        words.insert(business.id.clone());
        words.extend(business.address.as_deref().map(str::to_lowercase));
        words.extend(business.services.iter().map(|service| service.name.to_lowercase()));
        words.extend(business.faqs.iter().map(|faq| faq.answer.to_lowercase()));
    }
    let mut wrong = Vec::new();
    for file in rust_files(&root().join("src")) {
        let code = code(&file, true).to_lowercase();
        wrong.extend(
            words.iter().filter(|word| has_word(&code, word)).map(|word| format!("{} has {word:?}", shown(&file))),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_repository_names_no_machine_and_no_package_host() {
    // In two halves, so that this file does not hold what it looks for.
    let private = [
        ("/wo", "rk/"),
        ("/ho", "me/"),
        ("/ro", "ot/"),
        ("../sha", "red"),
        ("py", "pi.org"),
        ("pythonhos", "ted.org"),
        ("registry.np", "mjs"),
        ("static.crates", ".io"),
        ("index.crates", ".io"),
        ("proxy.gol", "ang"),
        ("deb.deb", "ian.org"),
        ("hugging", "face.co"),
    ]
    .map(|(a, b)| format!("{a}{b}"));
    let mut wrong = Vec::new();
    for file in files(&root(), &|_| true) {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        let found = private.iter().filter(|word| text.contains(word.as_str()));
        wrong.extend(found.map(|word| format!("{} has {word}", shown(&file))));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let sources: BTreeSet<_> = lock.lines().filter(|line| line.starts_with("source = ")).collect();
    let registry = sources.iter().all(|source| source.starts_with("source = \"registry+"));
    assert!(registry && sources.len() == 1, "sources that not everybody has: {sources:?}");
}

#[test]
fn the_reader_of_this_test_reads_rust() {
    let text = "fn a() { // }\n \"}\\\"\"; 'x'; '\"'; b'{'; r#\"\"}\"#; /* { /* */ } */ let l: &'static str = \"crate::sip\";\n}\n\
                use crate::{rtp::Packet, sip::{self, Uri}};\nfn b(x: [u8; 4]);\n#[cfg(test)]\nmod tests { use crate::store; }\n";
    assert_eq!(functions(&stripped(text, false)), [(1, 3)]);
    assert_eq!(rooms_used(&stripped(text, false)), ["rtp".to_string(), "sip".to_string()].into());
    assert!(stripped(text, true).contains("crate::sip"), "strings can be kept");
    assert!(has_word("x = Mutex::new()", "Mutex") && !has_word("MyMutex", "Mutex") && !has_word("tokio_x", "tokio"));
}

/// The table in `src/lib.rs`.
fn map() -> BTreeMap<String, Room> {
    let text = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("//! | [`"));
    let mut rooms = BTreeMap::new();
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [name, half, _, may_use, ""] = cells.as_slice() else { panic!("a row of the map: {row}") };
        let name = name.split('`').next().unwrap().to_string();
        let may_use = may_use.split(',').map(|used| used.trim().to_string()).filter(|used| used != "-").collect();
        assert!(["pure", "IO"].contains(half), "{name} is neither pure nor IO: {half}");
        rooms.insert(name, Room { pure: *half == "pure", may_use });
    }
    assert!(rooms.len() > 10, "the map in src/lib.rs was not found");
    rooms
}

/// First path segments after `crate::`, braces included.
fn rooms_used(code: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for (at, found) in code.match_indices("crate::") {
        let rest = &code[at + found.len()..];
        match rest.strip_prefix('{') {
            None => used.extend(ident(rest)),
            Some(list) => {
                let mut depth = 0;
                let mut first = true;
                for (index, c) in list.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => first = true,
                        c if first && !c.is_whitespace() => {
                            used.extend(ident(&list[index..]));
                            first = false;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    used
}

fn ident(text: &str) -> Option<String> {
    let word: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!word.is_empty()).then_some(word)
}

/// Line and length of every function that has a body.
fn functions(code: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ").filter(|(at, _)| *at == 0 || !is_word(code.as_bytes()[at - 1])) {
        let (mut depth, mut inside) = (0_usize, 0_i32);
        for (offset, byte) in code[at..].bytes().enumerate() {
            match byte {
                b'{' => depth += 1,
                b'}' if depth == 1 => {
                    let line = 1 + code[..at].matches('\n').count();
                    found.push((line, 1 + code[at..at + offset].matches('\n').count()));
                    break;
                }
                b'}' => depth = depth.saturating_sub(1),
                // `;` ends a function without a body, but not the one in `[u8; 4]`.
                b'(' | b'[' => inside += 1,
                b')' | b']' => inside -= 1,
                b';' if depth == 0 && inside == 0 => break,
                _ => {}
            }
        }
    }
    found
}

fn has_word(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = at.checked_sub(1).map(|index| code.as_bytes()[index]);
        let after = code.as_bytes().get(at + word.len()).copied();
        let ends_open = word.ends_with(':');
        !before.is_some_and(is_word) && (ends_open || !after.is_some_and(is_word))
    })
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn code(file: &Path, strings: bool) -> String {
    stripped(&fs::read_to_string(file).unwrap(), strings)
}

/// Rust without comments, character literals and the test module at its end, and without strings unless wanted; the
/// lines stay where they are.
fn stripped(text: &str, strings: bool) -> String {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap();
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let (end, keep) = match (chars[at], chars.get(at + 1)) {
            ('/', Some('/')) => (find(&chars, at, |rest| rest[0] == '\n'), false),
            ('/', Some('*')) => (block_end(&chars, at), false),
            ('"', _) => (string_end(&chars, at), strings),
            ('r', Some('"' | '#')) if at == 0 || !is_word(chars[at - 1] as u8) || chars[at - 1] == 'b' => {
                match raw_end(&chars, at) {
                    Some(end) => (end, strings),
                    None => (at + 1, true),
                }
            }
            ('\'', Some('\\')) => (find(&chars, at + 3, |rest| rest[0] == '\'') + 1, false),
            ('\'', Some(_)) if chars.get(at + 2) == Some(&'\'') => (at + 3, false),
            _ => (at + 1, true),
        };
        let end = end.min(chars.len());
        out.extend(chars[at..end].iter().filter(|c| keep || **c == '\n'));
        at = end;
    }
    out
}

/// The first place from `from` on that fits, else the end.
fn find(chars: &[char], from: usize, fits: impl Fn(&[char]) -> bool) -> usize {
    (from..chars.len()).find(|at| fits(&chars[*at..])).unwrap_or(chars.len())
}

fn block_end(chars: &[char], from: usize) -> usize {
    let (mut depth, mut at) = (0, from);
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    at
}

fn string_end(chars: &[char], from: usize) -> usize {
    let mut at = from + 1;
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

fn raw_end(chars: &[char], from: usize) -> Option<usize> {
    let hashes = chars[from + 1..].iter().take_while(|c| **c == '#').count();
    let open = from + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return None;
    }
    let close: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    Some(find(chars, open + 1, |rest| rest.starts_with(&close)) + close.len())
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    files(folder, &|path| path.extension().is_some_and(|end| end == "rs"))
}

/// Files below a folder, without what was built, fetched or written by running.
fn files(folder: &Path, wanted: &dyn Fn(&Path) -> bool) -> Vec<PathBuf> {
    let skipped = ["target", ".git", ".venv", "data", "node_modules", "proptest-regressions"];
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found = Vec::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        let name = path.file_name().unwrap().to_string_lossy();
        let model = path.parent() == Some(&root().join("models")) && name != "manifest.toml";
        if skipped.contains(&name.as_ref()) || model {
            continue;
        }
        match path.is_dir() {
            true => found.extend(files(&path, wanted)),
            false if wanted(&path) => found.push(path),
            false => {}
        }
    }
    found.sort();
    found
}

fn shown(file: &Path) -> String {
    file.strip_prefix(root()).unwrap_or(file).display().to_string()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
