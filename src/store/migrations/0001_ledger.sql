-- Times are microseconds since the Unix epoch (UTC).

CREATE TABLE calls (
    id          TEXT PRIMARY KEY,
    sip_call_id TEXT NOT NULL,
    business    TEXT NOT NULL,
    state       TEXT NOT NULL,
    disposition TEXT,
    started_us  BIGINT NOT NULL,
    contact_id  TEXT,
    record      TEXT NOT NULL
);
CREATE INDEX calls_by_start ON calls (started_us, id);
CREATE INDEX calls_unfinished ON calls (started_us) WHERE state <> 'ended';

CREATE TABLE contacts (
    id         TEXT PRIMARY KEY,
    business   TEXT NOT NULL,
    phone      TEXT NOT NULL,
    name       TEXT,
    created_us BIGINT NOT NULL,
    updated_us BIGINT NOT NULL,
    UNIQUE (business, phone)
);
CREATE INDEX contacts_by_phone ON contacts (phone);

-- What was learned about a contact beside its fields; appended, never overwritten.
CREATE TABLE contact_notes (
    contact_id TEXT NOT NULL REFERENCES contacts (id),
    note       TEXT NOT NULL,
    created_us BIGINT NOT NULL,
    PRIMARY KEY (contact_id, note)
);

CREATE TABLE activities (
    id          TEXT PRIMARY KEY,
    key         TEXT NOT NULL UNIQUE,
    business    TEXT NOT NULL,
    call_id     TEXT NOT NULL UNIQUE,
    contact_id  TEXT REFERENCES contacts (id),
    subject     TEXT NOT NULL,
    body        TEXT NOT NULL,
    source      TEXT NOT NULL,
    occurred_us BIGINT NOT NULL,
    writes      BIGINT NOT NULL
);
CREATE INDEX activities_by_contact ON activities (contact_id);

CREATE TABLE tasks (
    id         TEXT PRIMARY KEY,
    key        TEXT NOT NULL UNIQUE,
    business   TEXT NOT NULL,
    call_id    TEXT NOT NULL,
    contact_id TEXT REFERENCES contacts (id),
    subject    TEXT NOT NULL,
    body       TEXT NOT NULL,
    due_us     BIGINT NOT NULL,
    status     TEXT NOT NULL
);
CREATE INDEX tasks_by_contact ON tasks (contact_id);

CREATE TABLE appointments (
    id         TEXT PRIMARY KEY,
    key        TEXT NOT NULL UNIQUE,
    business   TEXT NOT NULL,
    resource   TEXT NOT NULL,
    service    TEXT NOT NULL,
    starts_us  BIGINT NOT NULL,
    ends_us    BIGINT NOT NULL CHECK (ends_us > starts_us),
    timezone   TEXT NOT NULL,
    name       TEXT NOT NULL,
    phone      TEXT NOT NULL,
    reason     TEXT,
    call_id    TEXT NOT NULL,
    contact_id TEXT,
    status     TEXT NOT NULL CHECK (status IN ('confirmed', 'cancelled')),
    created_us BIGINT NOT NULL
);
CREATE INDEX appointments_by_start ON appointments (business, resource, starts_us);
CREATE INDEX appointments_by_call ON appointments (call_id);

-- Two confirmed appointments of one resource never overlap. A trigger runs inside the writing transaction, and SQLite
-- has one writer at a time, so nothing can slip in between the look and the write, whoever the writer is. It takes any
-- start and length, where a table of minute cells would need a row per minute (PostgreSQL's word for it is EXCLUDE).
CREATE TRIGGER appointments_insert_overlap BEFORE INSERT ON appointments WHEN NEW.status = 'confirmed'
BEGIN
    SELECT RAISE(ABORT, 'appointment overlaps') FROM appointments AS a
    WHERE a.business = NEW.business AND a.resource = NEW.resource AND a.status = 'confirmed'
      AND a.starts_us < NEW.ends_us AND a.ends_us > NEW.starts_us;
END;
CREATE TRIGGER appointments_update_overlap BEFORE UPDATE ON appointments WHEN NEW.status = 'confirmed'
BEGIN
    SELECT RAISE(ABORT, 'appointment overlaps') FROM appointments AS a
    WHERE a.id <> OLD.id
      AND a.business = NEW.business AND a.resource = NEW.resource AND a.status = 'confirmed'
      AND a.starts_us < NEW.ends_us AND a.ends_us > NEW.starts_us;
END;

CREATE TABLE jobs (
    id             INTEGER PRIMARY KEY,
    key            TEXT NOT NULL UNIQUE,
    after_key      TEXT,
    call_id        TEXT NOT NULL,
    business       TEXT NOT NULL,
    kind           TEXT NOT NULL,
    payload        TEXT NOT NULL,
    state          TEXT NOT NULL CHECK (state IN ('ready', 'leased', 'retrying', 'done', 'parked')),
    attempts       BIGINT NOT NULL DEFAULT 0,
    run_at_us      BIGINT NOT NULL, -- of a leased row: when the lease ends and the row is due again
    lease_owner    TEXT,
    fence          BIGINT NOT NULL DEFAULT 0,
    reason         TEXT,
    external_id    TEXT,
    created_us     BIGINT NOT NULL,
    updated_us     BIGINT NOT NULL
);
CREATE INDEX jobs_open ON jobs (run_at_us, id) WHERE state <> 'done' AND state <> 'parked';
CREATE INDEX jobs_after ON jobs (after_key) WHERE after_key IS NOT NULL;
CREATE INDEX jobs_by_call ON jobs (call_id);
