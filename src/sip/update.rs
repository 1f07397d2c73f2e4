//! UPDATE: a change of the session, of the other side's address or a sign of life, at any time in a dialog (RFC 3311).

use std::net::SocketAddr;
use std::time::Instant;

use super::dialog::{DialogId, Phase};
use super::endpoint::Endpoint;
use super::event::Event;
use super::message::{Method, Request};
use super::refresh::Said;
use super::screen::{Essentials, description};

impl Endpoint {
    /// One with an offer waits for the application as a re-INVITE does; one without is answered here.
    pub(super) fn on_update(
        &mut self,
        id: DialogId,
        request: &Request,
        read: &Essentials,
        source: SocketAddr,
        now: Instant,
    ) {
        if let Some(least) = self.too_short(&request.headers) {
            return self.reply(request, source, 422, "", &[("Min-SE", &least)]);
        }
        let offer = match description(&request.headers, &request.body) {
            Ok(offer) => offer,
            Err(fault) => return self.reply(request, source, 400, &fault.to_string(), &[]),
        };
        if offer.is_some() && !self.may_take_offer(id, request, source) {
            return;
        }
        let Some(tx) = self.open_server(request, read, source, Some(id), None, now) else { return };
        self.move_target(id, &request.headers);
        let said = Said::read(&request.headers);
        match (self.dialogs.get_mut(&id), offer) {
            (Some(dialog), Some(offer)) => {
                dialog.reoffer = Some(tx);
                dialog.life.said = said;
                dialog.life.heard = Some(offer.clone());
                self.events.push_back(Event::Reoffer { dialog: id, offer: Some(offer) });
            }
            _ => {
                let mut headers = self.dialog_headers(id);
                self.agree_timer(id, said, now).iter().for_each(|field| headers.push(&field.name, &field.value));
                self.respond(tx, 200, "", headers, Vec::new(), now);
            }
        }
    }

    /// RFC 3311 5.2: one offer at a time; refuses the request itself when there is another.
    fn may_take_offer(&mut self, id: DialogId, request: &Request, source: SocketAddr) -> bool {
        let Some(dialog) = self.dialogs.get(&id) else { return false };
        let ours = match dialog.phase {
            Phase::Outgoing(_) => !dialog.life.pracks.is_answered(),
            Phase::Incoming(_) => false,
            Phase::Up => dialog.await_ack.as_ref().is_some_and(|waiting| waiting.answer_in_ack),
        };
        if ours || self.is_offering(id) || dialog.bye_wanted {
            self.reply(request, source, 491, "", &[]);
            return false;
        }
        if dialog.reoffer.is_some() || matches!(dialog.phase, Phase::Incoming(_)) {
            let wait = (self.random.next() % 10).to_string();
            self.reply(request, source, 500, "Request Pending", &[("Retry-After", &wait)]);
            return false;
        }
        true
    }

    /// A re-INVITE of ours, which carries an offer, has no final answer yet.
    pub(super) fn is_offering(&self, id: DialogId) -> bool {
        let asking = self.dialogs.get(&id).and_then(|dialog| dialog.life.asking);
        asking.and_then(|tx| self.clients.get(&tx)).is_some_and(|tx| tx.request.method == Method::Invite)
    }
}
