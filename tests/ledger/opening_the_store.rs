//! The file: made with its folder, private, reopened as it was, refused when it is from the future.

use std::os::unix::fs::PermissionsExt;

use offhook::store::{Store, StoreError};

use crate::fixtures::{call, db, url};

#[tokio::test]
async fn the_file_is_private_and_keeps_what_was_written() {
    let db = db().await;
    db.store.open_call(&call("c1", None)).await.unwrap();
    for file in ["data/offhook.db", "data/offhook.db-wal"] {
        let mode = std::fs::metadata(db.folder.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    assert!(db.store.healthy().await);
    db.store.close().await;
    let again = Store::open(&url(db.folder.path())).await.unwrap();
    assert!(again.call("c1").await.unwrap().is_some());
}

#[tokio::test]
async fn memory_works_alike() {
    let store = Store::open("sqlite::memory:").await.unwrap();
    store.open_call(&call("c1", None)).await.unwrap();
    assert!(store.call("c1").await.unwrap().is_some());
}

#[tokio::test]
async fn what_cannot_be_opened_says_why() {
    for url in ["", "offhook.db", "postgres://localhost/offhook", "sqlite:"] {
        assert!(matches!(Store::open(url).await, Err(StoreError::Url(_))), "{url}");
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "not a folder").unwrap();
    let blocked = Store::open(&format!("sqlite:{}/file/offhook.db", folder.path().display())).await;
    assert!(matches!(blocked, Err(StoreError::Create { .. })));
    let garbage = Store::open(&format!("sqlite:{}/file", folder.path().display())).await;
    assert!(matches!(garbage, Err(StoreError::Sql { .. })), "{garbage:?}");
}

#[tokio::test]
async fn a_file_of_a_newer_offhook_is_left_alone() {
    let db = db().await;
    let path = db.folder.path().join("data/offhook.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    sqlx::query("INSERT INTO schema_versions VALUES (9999, 0)").execute(&pool).await.unwrap();
    let result = Store::open(&url(db.folder.path())).await;
    assert!(matches!(result, Err(StoreError::Newer { found: 9999, .. })), "{result:?}");
}
