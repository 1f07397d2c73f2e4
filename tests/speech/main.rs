//! Ears and voice on real models, real voices and real noise.

mod common;

mod espeak_is_replaced_when_it_dies;
mod fetch_finds_damage;
mod human_prompts_are_understood;
mod nobody_spoke;
mod one_word_answers_survive;
mod queues_are_bounded;
mod turns_are_judged;
mod voice_is_understood;
