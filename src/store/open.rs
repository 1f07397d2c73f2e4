//! Opening, migrating and closing the database.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, Sqlite, Transaction};
use tokio::sync::mpsc;

use super::enqueue::{self, Enqueued};
use super::error::{Doing, Result, StoreError};

/// The database. Cheap to clone; all clones are one database.
#[derive(Debug, Clone)]
pub struct Store {
    writer: Writer,
    /// Read-only connections (the writer itself for `:memory:`, which only one connection can see).
    reader: SqlitePool,
    /// The database file; none in memory.
    path: Option<PathBuf>,
    /// Single rows that share a transaction with others.
    enqueues: mpsc::Sender<Enqueued>,
}

/// One connection: SQLite has one writer, and waiting here is fairer than its busy handler.
#[derive(Debug, Clone)]
pub(super) struct Writer(SqlitePool);

/// One process's word that it is the only one to write calls here; given back when dropped, or with the process.
#[derive(Debug)]
pub struct Claim {
    /// Locked while open; none for a database nobody else can see.
    _lock: Option<File>,
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
        self.writer.0.close().await;
    }

    /// Whether a read succeeds within `HEALTH_WAIT`.
    pub async fn healthy(&self) -> bool {
        let read = sqlx::query("SELECT 1 FROM schema_versions").fetch_optional(&self.reader);
        matches!(tokio::time::timeout(HEALTH_WAIT, read).await, Ok(Ok(_)))
    }

    /// Claims the database for this process. Whoever closes the calls a crash left open must be sure that no other
    /// process is still on the phone with them.
    pub fn claim(&self) -> Result<Claim> {
        let Some(path) = &self.path else { return Ok(Claim { _lock: None }) };
        let path = path.with_added_extension("lock");
        let failed = |source| StoreError::Create { path: path.display().to_string(), source };
        // A file of its own: closing any handle of the database file would drop SQLite's locks on it.
        let lock = private().truncate(false).open(&path).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Claim { _lock: Some(lock) }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path: path.display().to_string() }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// A transaction that holds the write lock from its first statement.
    pub(super) async fn write(&self) -> Result<Transaction<'static, Sqlite>> {
        self.writer.write().await
    }

    pub(super) fn writer(&self) -> &Writer {
        &self.writer
    }

    pub(super) fn enqueues(&self) -> &mpsc::Sender<Enqueued> {
        &self.enqueues
    }

    pub(super) fn reader(&self) -> &SqlitePool {
        &self.reader
    }

    async fn in_memory() -> Result<Store> {
        let writer = pool(1, options().in_memory(true)).await?;
        Ok(Store::on(writer.clone(), writer, None))
    }

    async fn in_file(path: &Path) -> Result<Store> {
        create_private(path)?;
        let options = options().filename(path).journal_mode(SqliteJournalMode::Wal);
        let writer = pool(1, options.clone()).await?;
        let reader = pool(READERS, options.read_only(true)).await?;
        Ok(Store::on(writer, reader, Some(path.to_owned())))
    }

    fn on(writer: SqlitePool, reader: SqlitePool, path: Option<PathBuf>) -> Store {
        let (writer, (enqueues, waiting)) = (Writer(writer), mpsc::channel(enqueue::WAITING_MAX));
        tokio::spawn(enqueue::run(writer.clone(), waiting));
        Store { writer, reader, path, enqueues }
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

impl Writer {
    /// It begins in a task of its own: callers put deadlines on what they ask for, and a wait for the only connection
    /// that is dropped half-way may take that connection with it.
    pub(super) async fn write(&self) -> Result<Transaction<'static, Sqlite>> {
        let pool = self.0.clone();
        let begun = tokio::spawn(async move { pool.begin_with("BEGIN IMMEDIATE").await }).await;
        begun.unwrap_or(Err(sqlx::Error::WorkerCrashed)).doing("begin a transaction")
    }
}

fn options() -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_WAIT)
        .create_if_missing(true)
}

/// Connections are never recycled: closing the only one would forget a `:memory:` database. All but one: a commit that
/// failed on a full or broken disk leaves a connection that believes in a transaction which SQLite has rolled back
/// itself; it could not begin another one ever again.
async fn pool(size: u32, options: SqliteConnectOptions) -> Result<SqlitePool> {
    SqlitePoolOptions::new()
        .max_connections(size)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(ACQUIRE_WAIT)
        .before_acquire(|connection, _| Box::pin(async { Ok(!connection.is_in_transaction()) }))
        .connect_with(options)
        .await
        .doing("be opened")
}

/// Callers' names and words are inside: nobody but the owner reads the file (SQLite gives `-wal` and `-shm` its mode).
/// An existing file is not opened: closing it again would drop the locks of a connection this process has on it.
fn create_private(path: &Path) -> Result<()> {
    let failed = |path: &Path, source| StoreError::Create { path: path.display().to_string(), source };
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|e| failed(folder, e))?;
    }
    match private().create_new(true).open(path) {
        Err(e) if e.kind() != ErrorKind::AlreadyExists => Err(failed(path, e)),
        _ => Ok(()),
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).mode(0o600);
    options
}

/// Applied in order, each exactly once; a released file is never edited, a new one is added.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_ledger.sql"),
    include_str!("migrations/0002_changes.sql"),
    include_str!("migrations/0003_withdrawn.sql"),
    include_str!("migrations/0004_occupancy.sql"),
    include_str!("migrations/0005_proof.sql"),
    include_str!("migrations/0006_crm.sql"),
    include_str!("migrations/0008_events.sql"),
    include_str!("migrations/0009_paperwork.sql"),
    include_str!("migrations/0010_ingest.sql"),
    include_str!("migrations/0012_former.sql"),
    include_str!("migrations/0013_lean.sql"),
];
/// Connections for reading: the API and look-ups of calls; more than cores gains nothing.
const READERS: u32 = 4;
/// How long a statement waits for another process that holds the file's lock.
const BUSY_WAIT: Duration = Duration::from_secs(5);
/// How long a caller of the store waits for a free connection.
const ACQUIRE_WAIT: Duration = Duration::from_secs(30);
/// A read that takes longer means the disk is stuck.
const HEALTH_WAIT: Duration = Duration::from_secs(2);
