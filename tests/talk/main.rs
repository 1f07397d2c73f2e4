//! What the receptionist understands and says, at text level, in virtual time.

mod chance;
mod dates;
mod existing;
mod laws;
mod oracle;
mod passing;
mod prompts;
mod random_callers;
mod random_changes;
mod scripts;
mod shops;
mod staff;
mod stage;
mod unseen_words;
