//! Whether the CRM lets us write: its own word on its fields, then a record of each kind made, read and deleted.

use jiff::Timestamp;
use serde_json::json;

use crate::crm::{Crm, CrmError, Fields, Object};
use crate::store::fresh_id;

/// How it went with one kind of record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    /// The kind.
    pub object: Object,
    /// What does not work; none when everything does.
    pub trouble: Option<String>,
}

/// Tries every kind of record that calls write.
pub async fn probe(crm: &dyn Crm, business: &str) -> Vec<Probed> {
    let mut all = Vec::new();
    for object in [Object::Contact, Object::Activity, Object::Task] {
        let trouble = tried(crm, business, object).await.err();
        all.push(Probed { object, trouble });
    }
    all
}

async fn tried(crm: &dyn Crm, business: &str, object: Object) -> Result<(), String> {
    let words = |error: CrmError| error.to_string();
    let schema = crm.describe().await.map_err(words)?;
    let mut fields = sample(object);
    fields.retain(|field, _| schema.field(object, field).map_or(schema.open, |field| !field.read_only));
    let key = format!("offhook-probe/{}", fresh_id());
    let id = crm.create(business, object, &key, &fields).await.map_err(words)?;
    let read = crm.read(business, object, &id).await.map_err(words);
    // Whatever was read, nothing is left behind.
    crm.delete(business, object, &id).await.map_err(words)?;
    let record = read?.ok_or_else(|| format!("{object} {id} was made and is not there"))?;
    let lost: Vec<&str> =
        fields.keys().filter(|field| !record.fields.contains_key(*field)).map(String::as_str).collect();
    if lost.is_empty() { Ok(()) } else { Err(format!("fields that were not kept: {}", lost.join(", "))) }
}

fn sample(object: Object) -> Fields {
    let now = Timestamp::now();
    let fields = match object {
        Object::Contact => json!({ "name": "offhook probe", "notes": ["Made and deleted by offhook crm probe"] }),
        Object::Activity => json!({ "call_id": fresh_id(), "subject": "offhook probe", "body": "Deleted at once",
            "source": "AI receptionist", "started_at": now }),
        Object::Task => json!({ "subject": "offhook probe", "body": "Deleted at once", "due_at": now }),
        Object::Deal => json!({}),
    };
    fields.as_object().into_iter().flatten().map(|(field, value)| (field.clone(), value.clone())).collect()
}
