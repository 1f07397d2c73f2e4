//! What the providers behind JSON APIs have in common: requests with their tokens and limits ([`api`]), events with our
//! marks ([`event`]), the way to book
//! where the provider itself lets two events lie on one time ([`desk`]), and times that a provider offers ([`offered`]).

pub(super) mod api;
pub(super) mod desk;
pub(super) mod event;
pub(super) mod offered;
pub(super) mod time;
