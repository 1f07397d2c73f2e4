//! Every effect says who proposed it, what it stands on, who allowed it, what was sent and what was read back; and
//! nobody can change a word of it unseen.

use std::sync::Arc;

use offhook::call::{Disposition, Outcome};
use offhook::crm::BuiltIn;
use offhook::outbox::Outbox;
use offhook::store::{AuditAction, AuditRow, AuditSearch};
use serde_json::Value;

use crate::fixtures::{Db, call, db, ended, quick};

async fn delivered(db: &Db, calls: usize) {
    let crm = Arc::new(BuiltIn::new(db.store.clone()));
    let outbox = Outbox::start(db.store.clone(), crm, quick()).await.unwrap();
    for n in 0..calls {
        let over = ended(call(&format!("c{n}"), Some("+12125550123")), Disposition::Failed);
        let outcome = Outcome { name: Some("Jane Doe".to_owned()), ..over.outcome.clone() };
        outbox.hand_off().ended(offhook::call::CallRecord { outcome, ..over });
    }
    outbox.drained().await;
    outbox.stop().await;
}

async fn rows(db: &Db, search: AuditSearch) -> Vec<AuditRow> {
    db.store.audit(&AuditSearch { limit: 500, ..search }).await.unwrap()
}

#[tokio::test]
async fn a_call_tells_its_whole_story() {
    let db = db().await;
    delivered(&db, 2).await;
    let of_call = rows(&db, AuditSearch { correlation_id: Some("c0".to_owned()), ..AuditSearch::default() }).await;
    for object in ["contact", "activity", "task"] {
        let steps: Vec<AuditAction> = of_call.iter().filter(|r| r.object_type == object).map(|r| r.action).collect();
        let whole = [
            AuditAction::Propose,
            AuditAction::Validate,
            AuditAction::Approve,
            AuditAction::Write,
            AuditAction::Verify,
        ];
        assert_eq!(steps, whole, "{object}");
    }
    let contact: Vec<&AuditRow> = of_call.iter().filter(|row| row.object_type == "contact").collect();
    let hash = contact[0].entry.transcript_hash.as_deref().unwrap();
    assert!(hash.len() == 64 && contact.iter().all(|row| row.entry.transcript_hash.as_deref() == Some(hash)));
    assert_eq!(contact[1].entry.validation_status.as_deref(), Some("passed"));
    assert_eq!(contact[2].entry.approval_status.as_deref(), Some("auto"));
    assert_eq!(contact[3].entry.fields["name"].new, "Jane Doe");
    assert_eq!(contact[3].entry.fields["name"].old, Value::Null);
    assert_eq!(contact[3].entry.payload_fingerprint.as_ref().map(String::len), Some(64));
    assert_eq!(contact[4].entry.fields["name"].new, "Jane Doe", "as it was read back");
    assert!(contact[4].object_id.is_some() && contact[4].entry.policy_version.as_deref() == Some("default-1"));
    // The second call finds the contact and has nothing to add.
    let again = rows(&db, AuditSearch { correlation_id: Some("c1".to_owned()), ..AuditSearch::default() }).await;
    let write = again.iter().find(|r| r.object_type == "contact" && r.action == AuditAction::Write).unwrap();
    assert_eq!(write.entry.error.as_deref(), Some("nothing to write: it is there already"));
    let named = rows(&db, AuditSearch { field: Some("due_at".to_owned()), ..AuditSearch::default() }).await;
    assert!(!named.is_empty() && named.iter().all(|row| row.object_type == "task"));
    let of_record = AuditSearch { object_id: contact[4].object_id.clone(), ..AuditSearch::default() };
    assert!(rows(&db, of_record).await.len() >= 4, "both calls wrote to the one contact");
}

#[tokio::test]
async fn no_row_can_be_changed_taken_out_or_put_in_unseen() {
    let db = db().await;
    delivered(&db, 3).await;
    let whole = db.store.verify_audit().await.unwrap();
    assert!(whole.rows >= 40 && whole.broken_at.is_none(), "{whole:?}");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(db.folder.path().join("data/offhook.db"));
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    for sql in ["UPDATE audit SET key = 'x' WHERE seq = 7", "DELETE FROM audit WHERE seq = 7"] {
        assert!(sqlx::query(sql).execute(&pool).await.is_err(), "{sql}");
    }
    // Somebody who owns the file can take the guards away, but not the hashes' word.
    for sql in ["DROP TRIGGER audit_stays", "DROP TRIGGER audit_is_kept"] {
        sqlx::query(sql).execute(&pool).await.unwrap();
    }
    for (sql, back) in [
        ("UPDATE audit SET entry = replace(entry, 'Jane', 'June') WHERE seq = 1", true),
        ("UPDATE audit SET at_us = at_us + 1 WHERE seq = 12", true),
        ("DELETE FROM audit WHERE seq = 20", false),
    ] {
        let mut broken = pool.begin().await.unwrap();
        sqlx::query(sql).execute(&mut *broken).await.unwrap();
        broken.commit().await.unwrap();
        let seen = db.store.verify_audit().await.unwrap();
        assert!(seen.broken_at.is_some_and(|at| at <= 20), "{sql}: {seen:?}");
        if back {
            let undo = match sql.contains("June") {
                true => "UPDATE audit SET entry = replace(entry, 'June', 'Jane') WHERE seq = 1",
                false => "UPDATE audit SET at_us = at_us - 1 WHERE seq = 12",
            };
            sqlx::query(undo).execute(&pool).await.unwrap();
            assert_eq!(db.store.verify_audit().await.unwrap(), whole);
        }
    }
}
