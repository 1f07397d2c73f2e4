//! Events: told to others, and told by others.

mod addresses_are_refused;
mod approvals_are_told;
mod arrival_order_does_not_matter;
mod days_of_failure_disable;
// The other areas use the rest of it.
#[allow(dead_code)]
#[path = "../ledger/fixtures.rs"]
mod fixtures;
mod gone_is_disabled;
mod hostile_bodies;
mod imported_calls;
mod knocking;
mod library;
mod many_calls_at_once;
mod one_call_in_order;
mod platforms;
// The ledger uses the rest of it.
#[allow(dead_code)]
#[path = "../ledger/promtool.rs"]
mod promtool;
mod receiver;
mod replay_by_range;
mod retry_after_is_obeyed;
mod sensitive_answers_are_told_to_nobody;
mod signatures;
mod sources_config;
mod the_rush;
mod unmonitored_webhook_loss;
// The ledger uses the rest of it.
#[allow(dead_code)]
#[path = "../ledger/watched.rs"]
mod watched;
mod webhooks_config;
mod what_a_call_tells;
