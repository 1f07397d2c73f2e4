//! Ears and voice on real models, real voices and real noise.

mod common;

// The text-level stage, shared: not all of it is used here.
#[allow(dead_code, reason = "the conversations' own tests use the rest")]
#[path = "../talk/shops.rs"]
mod shops;
#[allow(dead_code, reason = "the conversations' own tests use the rest")]
#[path = "../talk/stage.rs"]
mod stage;
#[allow(dead_code, reason = "the conversations' own tests use the rest")]
#[path = "../talk/trades.rs"]
mod trades;

mod bad_line;
mod espeak_is_replaced_when_it_dies;
mod fetch_finds_damage;
mod human_prompts_are_understood;
mod nobody_spoke;
mod one_word_answers_survive;
mod questions_are_matched;
mod queues_are_bounded;
mod scripts_ask_plainly;
mod turns_are_judged;
mod voice_is_understood;
