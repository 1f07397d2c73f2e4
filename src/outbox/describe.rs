//! The CRM's own word on its fields, asked for before the first write and kept.

use tokio::sync::OnceCell;

use crate::crm::{Crm, CrmError, Schema};

/// A schema that is asked for once.
#[derive(Debug, Default)]
pub(super) struct Described(OnceCell<Schema>);

impl Described {
    /// The schema; a CRM that could not say is asked again by the next delivery.
    pub(super) async fn of(&self, crm: &dyn Crm) -> Result<&Schema, CrmError> {
        self.0.get_or_try_init(|| crm.describe()).await
    }
}
