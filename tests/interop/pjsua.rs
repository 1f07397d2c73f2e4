//! pjsua2's cells.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::cell::{Cell, Codec, Protection};
use crate::conversation::{Caller, Heard};
use crate::likeness::sound;
use crate::phones::{self, Phone, Pjsua};

/// One in its call.
pub fn dial(cell: &Cell, uri: &str, number: &str) -> impl Caller + use<> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let heard = folder.path().join("heard.wav");
    let codec = match cell.codec {
        Codec::Pcmu => phones::Codec::Pcmu,
        Codec::Pcma => phones::Codec::Pcma,
        Codec::G722 => phones::Codec::G722,
        Codec::Opus => panic!("pjsua2 is built without Opus"),
    };
    let phone = match cell.protection {
        Protection::None => Pjsua::call_recorded(uri, number, codec, &heard),
        _ => Pjsua::call_protected(uri, number, codec, &heard),
    };
    Recorded { phone, heard, _folder: folder }
}

struct Recorded {
    phone: Pjsua,
    heard: PathBuf,
    _folder: TempDir,
}

impl Caller for Recorded {
    fn says(&mut self, speech: &Path) {
        self.phone.play(speech);
    }

    fn presses(&mut self, keys: &str) -> String {
        self.phone.keys(keys);
        keys.chars().map(|_| self.phone.wait_for("key")).collect()
    }

    fn holds(&mut self) {
        self.phone.command("hold");
        self.phone.wait_for("held");
    }

    fn resumes(&mut self) {
        self.phone.command("resume");
        self.phone.wait_for("talking");
    }

    fn leaves(mut self) -> Heard {
        self.phone.hang_up();
        self.phone.wait_for("ended");
        self.phone.leave();
        Heard { sound: sound(&self.heard), ..Heard::default() }
    }
}
