//! The contact store behind the API: activities and follow-ups, and its absence.

use std::time::Duration;

use offhook::store::{ActivityRow, Store, TaskRow};
use serde_json::Value;
use sqlx::{Connection, SqliteConnection};

use crate::server::{Server, block_on, rows};

/// The one activity of a call, and its follow-ups, once all that it left is delivered.
pub fn written(server: &Server, call: &Value) -> (ActivityRow, Vec<TaskRow>) {
    let id = call["id"].as_str().expect("a call has an id");
    server.wait("/api/v1/outbox", "what the call left is delivered", DEADLINE, |jobs| {
        let jobs = rows(jobs);
        jobs.iter().any(|job| job["call_id"] == id && job["key"] == format!("{id}/activity/upsert"))
            && jobs.iter().all(|job| job["state"] == "done")
    });
    let (activities, tasks) = block_on(async {
        let store = Store::open(&format!("sqlite:{}", database(server))).await.unwrap();
        let found = store.effects_of_call(id).await.unwrap();
        store.close().await;
        found
    });
    let [activity] = <[ActivityRow; 1]>::try_from(activities).expect("one activity for each call");
    (activity, tasks)
}

/// The contact store is gone: whoever reads or writes it is refused.
pub fn take_away(server: &Server) {
    run(server, "ALTER TABLE contacts RENAME TO contacts_elsewhere");
}

/// It is back.
pub fn bring_back(server: &Server) {
    run(server, "ALTER TABLE contacts_elsewhere RENAME TO contacts");
}

fn run(server: &Server, sql: &'static str) {
    block_on(async {
        let mut file = SqliteConnection::connect(&format!("sqlite:{}", database(server))).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut file).await.unwrap();
        file.close().await.unwrap();
    });
}

fn database(server: &Server) -> String {
    server.folder.path().join("offhook.db").display().to_string()
}

/// The first mail is put off on purpose, and tried again after some seconds.
const DEADLINE: Duration = Duration::from_secs(30);
