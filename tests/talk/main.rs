//! What the receptionist understands and says, at text level, in virtual time.

mod chance;
mod dates;
mod disclosure;
mod english_expressions;
mod escalation;
mod existing;
mod expressions;
mod flows;
mod injections;
mod laws;
mod oracle;
mod passing;
mod prompts;
mod proving;
mod random_callers;
mod random_changes;
mod script;
mod scripted;
mod scripts;
mod shops;
mod spanish;
mod spanish_expressions;
mod staff;
mod stage;
mod trades;
mod unseen_words;
