//! An INVITE that is to take the place of another call: Replaces, RFC 3891.

use std::net::SocketAddr;

use super::dialog::{DialogId, Phase};
use super::endpoint::Endpoint;
use super::headers::split_outside;
use super::message::Request;

impl Endpoint {
    /// The dialog an INVITE is to take the place of, if it names one; the status by which it is refused.
    ///
    /// Only the host that holds the other end of a call may have it replaced: whoever merely knows a Call-ID and its
    /// tags takes nothing over.
    pub(super) fn replaced(&self, request: &Request, source: SocketAddr) -> Result<Option<DialogId>, u16> {
        let named: Vec<_> = request.headers.bytes_all("Replaces").collect();
        let value = match named.as_slice() {
            [] => return Ok(None),
            [one] => super::message::text(one),
            _ => return Err(400),
        };
        let parts = split_outside(&value, ';');
        let param = |name: &str| {
            let found = parts.iter().skip(1).find_map(|part| part.split_once('=').filter(|(n, _)| n.trim() == name));
            found.map(|(_, value)| value.trim().to_owned())
        };
        let (Some(to), Some(from)) = (param("to-tag"), param("from-tag")) else { return Err(400) };
        let call_id = parts.first().cloned().unwrap_or_default();
        let found = self.dialog_keys.get(&(call_id, to)).copied();
        let dialog = found.and_then(|id| self.dialogs.get(&id)).filter(|dialog| dialog.remote_tag == from);
        let (Some(id), Some(dialog)) = (found, dialog) else { return Err(481) };
        let early_only = parts.iter().any(|part| part == "early-only");
        match dialog.phase {
            // RFC 3891 3: a call that comes in and was not answered yet is not replaced.
            Phase::Incoming(_) => Err(481),
            _ if dialog.bye_wanted => Err(603),
            Phase::Up if early_only => Err(486),
            Phase::Up if source.ip().to_canonical() == dialog.peer.ip().to_canonical() => Ok(Some(id)),
            _ => Err(403),
        }
    }
}
