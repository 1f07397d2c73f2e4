//! The built-in contact store, as the API and the desk read it.

use super::error::{Doing, Result};
use super::open::Store;
use super::rows::{ActivityRow, ContactRow, TaskRow};

impl Store {
    /// The contact with that number.
    pub async fn contact_by_phone(&self, business: &str, phone: &str) -> Result<Option<ContactRow>> {
        let sql =
            "SELECT c.*, (SELECT json_group_array(n.note) FROM contact_notes AS n WHERE n.contact_id = c.id) AS notes
            FROM contacts AS c WHERE c.business = $1 AND c.phone = $2";
        let row = sqlx::query(sql).bind(business).bind(phone).fetch_optional(self.reader()).await;
        row.doing("look up a contact")?.as_ref().map(ContactRow::read).transpose().doing("read a contact")
    }

    /// Contacts, all or those with that number, oldest first.
    pub async fn contacts(&self, phone: Option<&str>, limit: u32) -> Result<Vec<ContactRow>> {
        let sql =
            "SELECT c.*, (SELECT json_group_array(n.note) FROM contact_notes AS n WHERE n.contact_id = c.id) AS notes
            FROM contacts AS c WHERE $1 IS NULL OR c.phone = $1 ORDER BY c.created_us, c.id LIMIT $2";
        let rows = sqlx::query(sql).bind(phone).bind(i64::from(limit)).fetch_all(self.reader()).await;
        rows.doing("list contacts")?.iter().map(ContactRow::read).collect::<Result<_, _>>().doing("read contacts")
    }

    /// Activities of a contact, oldest first.
    pub async fn activities(&self, contact_id: &str) -> Result<Vec<ActivityRow>> {
        let sql = "SELECT * FROM activities WHERE contact_id = $1 ORDER BY occurred_us, id";
        let rows = sqlx::query(sql).bind(contact_id).fetch_all(self.reader()).await.doing("list activities")?;
        rows.iter().map(ActivityRow::read).collect::<Result<_, _>>().doing("read activities")
    }

    /// Tasks of a contact, most urgent first.
    pub async fn tasks(&self, contact_id: &str) -> Result<Vec<TaskRow>> {
        let sql = "SELECT * FROM tasks WHERE contact_id = $1 ORDER BY due_us, id";
        let rows = sqlx::query(sql).bind(contact_id).fetch_all(self.reader()).await.doing("list tasks")?;
        rows.iter().map(TaskRow::read).collect::<Result<_, _>>().doing("read tasks")
    }

    /// The activity and the tasks of one call, whether or not they have a contact.
    pub async fn effects_of_call(&self, call_id: &str) -> Result<(Vec<ActivityRow>, Vec<TaskRow>)> {
        let activities = sqlx::query("SELECT * FROM activities WHERE call_id = $1").bind(call_id);
        let activities = activities.fetch_all(self.reader()).await.doing("list a call's activities")?;
        let tasks = sqlx::query("SELECT * FROM tasks WHERE call_id = $1 ORDER BY due_us, id").bind(call_id);
        let tasks = tasks.fetch_all(self.reader()).await.doing("list a call's tasks")?;
        Ok((
            activities.iter().map(ActivityRow::read).collect::<Result<_, _>>().doing("read activities")?,
            tasks.iter().map(TaskRow::read).collect::<Result<_, _>>().doing("read tasks")?,
        ))
    }
}
