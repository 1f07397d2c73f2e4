-- What other platforms told us, as it came, before anything was made of it.
CREATE TABLE arrivals (
    id          INTEGER PRIMARY KEY,
    source      TEXT NOT NULL,
    key         TEXT NOT NULL,
    received_us BIGINT NOT NULL,
    headers     TEXT NOT NULL,
    body        BLOB NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('new', 'merged', 'ignored', 'unreadable')),
    reason      TEXT,
    repeats     BIGINT NOT NULL DEFAULT 0,
    UNIQUE (source, key)
);
CREATE INDEX arrivals_new ON arrivals (id) WHERE state = 'new';

-- Other platforms' calls, merged from what was told of them.
CREATE TABLE imports (
    source     TEXT NOT NULL,
    call       TEXT NOT NULL,
    told       TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('open', 'closed')),
    updated_us BIGINT NOT NULL,
    PRIMARY KEY (source, call)
);
CREATE INDEX imports_open ON imports (updated_us) WHERE state = 'open';

-- What has to be fetched for them, once per key.
CREATE TABLE artefacts (
    source     TEXT NOT NULL,
    key        TEXT NOT NULL,
    call       TEXT NOT NULL,
    request    TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('waiting', 'fetched', 'skipped', 'failed')),
    attempts   BIGINT NOT NULL DEFAULT 0,
    run_at_us  BIGINT NOT NULL,
    reason     TEXT,
    PRIMARY KEY (source, key)
);
CREATE INDEX artefacts_due ON artefacts (run_at_us) WHERE state = 'waiting';
