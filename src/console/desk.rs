//! What the console needs to know about the calls that run right now.

use std::future::Future;
use std::pin::Pin;

use tokio::sync::broadcast;

use crate::call::{CallEvent, CallRecord};
use crate::gateway::TrunkStatus;

/// A boxed future, so that [`Desk`] can be a trait object.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The live side of the house, as the gateway's handle offers it.
pub trait Desk: Send + Sync + 'static {
    /// Snapshots of the calls in progress, in any order.
    fn live_calls(&self) -> Later<'_, Vec<CallRecord>>;

    /// Snapshot of one call in progress.
    fn live_call<'a>(&'a self, id: &'a str) -> Later<'a, Option<CallRecord>>;

    /// Events from now on; a receiver that falls behind loses the oldest.
    fn subscribe(&self) -> broadcast::Receiver<CallEvent>;

    /// How signing in at each trunk stands.
    fn trunks(&self) -> Vec<TrunkStatus>;

    /// Whether calls can be taken.
    fn readiness(&self) -> Readiness;
}

/// Whether calls can be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// Models are loading, sockets are not open.
    Starting,
    /// Calls are answered.
    Ready,
    /// No new calls; the last ones are being finished.
    Draining,
}
