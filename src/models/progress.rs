//! What is shown while models are fetched.

use std::io::IsTerminal;
use std::sync::Mutex;

use indicatif::{ProgressBar, ProgressStyle};

/// One thing that happened during a fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Work began on something of about so many bytes (0: unknown).
    Begin {
        /// What, for people.
        what: String,
        /// Expected bytes.
        bytes: u64,
    },
    /// So many bytes of it are done.
    Bytes(u64),
    /// It is done.
    Done,
}

/// Is told what happens.
pub trait Progress: Sync {
    /// Called in order, from one thread at a time.
    fn step(&self, step: Step);
}

/// Bars on a terminal, plain lines elsewhere.
pub(super) fn for_people() -> Box<dyn Progress> {
    if std::io::stderr().is_terminal() { Box::new(Bars::default()) } else { Box::new(Lines) }
}

#[derive(Default)]
struct Bars {
    current: Mutex<Option<ProgressBar>>,
}

impl Progress for Bars {
    fn step(&self, step: Step) {
        let mut current = self.current.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match step {
            Step::Begin { what, bytes } => *current = Some(bar(what, bytes)),
            Step::Bytes(done) => {
                if let Some(bar) = current.as_ref() {
                    bar.set_position(done);
                }
            }
            Step::Done => {
                if let Some(bar) = current.take() {
                    bar.finish();
                }
            }
        }
    }
}

struct Lines;

impl Progress for Lines {
    fn step(&self, step: Step) {
        if let Step::Begin { what, bytes } = step {
            eprintln!("{what} ({} MB)", bytes.div_ceil(1_000_000));
        }
    }
}

fn bar(what: String, bytes: u64) -> ProgressBar {
    let template = "{msg:44!} [{bar:30}] {bytes:>10}/{total_bytes:<10} {eta:>4}";
    // The template is a constant of ours; a bad one only costs the looks.
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(bytes).with_style(style.progress_chars("=> ")).with_message(what)
}
