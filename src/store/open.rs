//! Opening, migrating and closing the database.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Sqlite, Transaction};

use super::error::{Doing, Result, StoreError};

/// The database. Cheap to clone; all clones are one database.
#[derive(Debug, Clone)]
pub struct Store {
    /// One connection: SQLite has one writer, and waiting here is fairer than its busy handler.
    writer: SqlitePool,
    /// Read-only connections (the writer itself for `:memory:`, which only one connection can see).
    reader: SqlitePool,
}

impl Store {
    /// Opens `sqlite:PATH` or `sqlite::memory:`, creating the file (mode 0600), its folder and the tables as needed.
    pub async fn open(url: &str) -> Result<Store, StoreError> {
        let path = url.strip_prefix("sqlite:").ok_or_else(|| StoreError::Url(url.to_owned()))?;
        let store = match path.strip_prefix("//").unwrap_or(path) {
            "" => return Err(StoreError::Url(url.to_owned())),
            ":memory:" => Store::in_memory().await?,
            path => Store::in_file(Path::new(path)).await?,
        };
        store.migrate().await?;
        Ok(store)
    }

    /// Waits for statements under way, then closes the file.
    pub async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }

    /// Whether a read succeeds within [`HEALTH_WAIT`].
    pub async fn healthy(&self) -> bool {
        let read = sqlx::query("SELECT 1 FROM schema_versions").fetch_optional(&self.reader);
        matches!(tokio::time::timeout(HEALTH_WAIT, read).await, Ok(Ok(_)))
    }

    /// A transaction that holds the write lock from its first statement.
    pub(super) async fn write(&self) -> Result<Transaction<'static, Sqlite>> {
        self.writer.begin_with("BEGIN IMMEDIATE").await.doing("begin a transaction")
    }

    pub(super) fn reader(&self) -> &SqlitePool {
        &self.reader
    }

    async fn in_memory() -> Result<Store> {
        let writer = pool(1, options().in_memory(true)).await?;
        Ok(Store { reader: writer.clone(), writer })
    }

    async fn in_file(path: &Path) -> Result<Store> {
        create_private(path)?;
        let options = options().filename(path).journal_mode(SqliteJournalMode::Wal);
        let writer = pool(1, options.clone()).await?;
        let reader = pool(READERS, options.read_only(true)).await?;
        Ok(Store { writer, reader })
    }

    async fn migrate(&self) -> Result<()> {
        let doing = "migrate its tables";
        let mut tx = self.write().await?;
        let versions =
            "CREATE TABLE IF NOT EXISTS schema_versions (version BIGINT PRIMARY KEY, applied_us BIGINT NOT NULL)";
        sqlx::query(versions).execute(&mut *tx).await.doing(doing)?;
        let found: i64 = sqlx::query_scalar("SELECT COALESCE(MAX(version), 0) FROM schema_versions")
            .fetch_one(&mut *tx)
            .await
            .doing(doing)?;
        let known = MIGRATIONS.len() as i64;
        if found > known {
            return Err(StoreError::Newer { found, known });
        }
        for (version, script) in (1i64..).zip(MIGRATIONS).skip(found as usize) {
            sqlx::raw_sql(*script).execute(&mut *tx).await.doing(doing)?;
            sqlx::query("INSERT INTO schema_versions (version, applied_us) VALUES ($1, $2)")
                .bind(version)
                .bind(Timestamp::now().as_microsecond())
                .execute(&mut *tx)
                .await
                .doing(doing)?;
        }
        tx.commit().await.doing(doing)
    }
}

fn options() -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_WAIT)
        .create_if_missing(true)
}

/// Connections are never recycled: closing the only one would forget a `:memory:` database.
async fn pool(size: u32, options: SqliteConnectOptions) -> Result<SqlitePool> {
    SqlitePoolOptions::new()
        .max_connections(size)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(ACQUIRE_WAIT)
        .connect_with(options)
        .await
        .doing("be opened")
}

/// Callers' names and words are inside: nobody but the owner reads the file (SQLite gives `-wal` and `-shm` its mode).
fn create_private(path: &Path) -> Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let failed = |path: &Path, source| StoreError::Create { path: path.display().to_string(), source };
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|e| failed(folder, e))?;
    }
    let mut file = std::fs::OpenOptions::new();
    file.write(true).create(true).truncate(false).mode(0o600).open(path).map_err(|e| failed(path, e))?;
    Ok(())
}

/// Applied in order, each exactly once; a released file is never edited, a new one is added.
const MIGRATIONS: &[&str] = &[include_str!("migrations/0001_ledger.sql")];
/// Connections for reading: the API and look-ups of calls; more than cores gains nothing.
const READERS: u32 = 4;
/// How long a statement waits for another process that holds the file's lock.
const BUSY_WAIT: Duration = Duration::from_secs(5);
/// How long a caller of the store waits for a free connection.
const ACQUIRE_WAIT: Duration = Duration::from_secs(30);
/// A read that takes longer means the disk is stuck.
const HEALTH_WAIT: Duration = Duration::from_secs(2);
