//! What can go wrong with the database, and how to mend it.

/// The store's results.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Why the store could not do as told.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The URL names no database this build knows.
    #[error("store.url {0:?} is not understood: write \"sqlite:FOLDER/FILE.db\" or \"sqlite::memory:\"")]
    Url(String),
    /// The file or its folder could not be made.
    #[error("cannot create {path}: {source} (check that the folder is writable, or change store.url)")]
    Create {
        /// File or folder.
        path: String,
        /// The system's word.
        source: std::io::Error,
    },
    /// Another process works on this database.
    #[error(
        "another offhook is running on this database (it holds {path}): stop it, or give this one its own store.url"
    )]
    InUse {
        /// The lock file.
        path: String,
    },
    /// The file was written by a newer offhook.
    #[error("the database has schema {found}, this offhook knows {known}: run the newer offhook, or restore a back-up")]
    Newer {
        /// In the file.
        found: i64,
        /// In this build.
        known: i64,
    },
    /// A statement failed.
    #[error("the database could not {what}: {source}")]
    Sql {
        /// What was being done.
        what: &'static str,
        /// The database's word.
        source: sqlx::Error,
    },
    /// A stored value cannot be read back.
    #[error("{what} {id} is stored in a form this offhook cannot read: {reason}")]
    Corrupt {
        /// Which kind of row.
        what: &'static str,
        /// Its id.
        id: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Names what was being done when a statement failed.
pub(super) trait Doing<T> {
    fn doing(self, what: &'static str) -> Result<T>;
}

impl<T> Doing<T> for std::result::Result<T, sqlx::Error> {
    fn doing(self, what: &'static str) -> Result<T> {
        self.map_err(|source| StoreError::Sql { what, source })
    }
}
