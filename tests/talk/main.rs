//! What the receptionist understands and says, at text level, in virtual time.

mod dates;
mod laws;
mod oracle;
mod prompts;
mod random_callers;
mod scripts;
mod shops;
mod stage;
mod unseen_words;
