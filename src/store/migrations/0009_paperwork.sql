-- More states, and what each row stands on. SQLite cannot change a CHECK: the table is made anew.
CREATE TABLE jobs_new (
    id             INTEGER PRIMARY KEY,
    key            TEXT NOT NULL UNIQUE,
    after_key      TEXT,
    call_id        TEXT NOT NULL,
    business       TEXT NOT NULL,
    kind           TEXT NOT NULL,
    payload        TEXT NOT NULL,
    state          TEXT NOT NULL CHECK (state IN ('proposed', 'validated', 'awaiting_approval', 'ready', 'leased',
                       'written', 'retrying', 'done', 'parked', 'rejected', 'rolled_back')),
    attempts       BIGINT NOT NULL DEFAULT 0,
    run_at_us      BIGINT NOT NULL, -- of a leased row: when the lease ends and the row is due again
    lease_owner    TEXT,
    fence          BIGINT NOT NULL DEFAULT 0,
    reason         TEXT,
    external_id    TEXT,
    created_us     BIGINT NOT NULL,
    updated_us     BIGINT NOT NULL,
    lane           TEXT,                      -- rows of one lane are delivered one after the other, in order
    basis          TEXT NOT NULL DEFAULT '{}', -- source, transcript hash, confidence, citations, policy
    approved_by    TEXT,
    prior          TEXT                       -- what a roll-back restores
);
INSERT INTO jobs_new (id, key, after_key, call_id, business, kind, payload, state, attempts, run_at_us, lease_owner,
        fence, reason, external_id, created_us, updated_us)
    SELECT id, key, after_key, call_id, business, kind, payload, state, attempts, run_at_us, lease_owner,
        fence, reason, external_id, created_us, updated_us FROM jobs;
DROP TABLE jobs;
ALTER TABLE jobs_new RENAME TO jobs;
CREATE INDEX jobs_open ON jobs (run_at_us, id) WHERE state IN ('ready', 'leased', 'retrying');
CREATE INDEX jobs_by_lane ON jobs (lane, id) WHERE lane IS NOT NULL AND state IN ('ready', 'leased', 'retrying');
CREATE INDEX jobs_by_state ON jobs (state, id) WHERE state <> 'done';
CREATE INDEX jobs_after ON jobs (after_key) WHERE after_key IS NOT NULL;
CREATE INDEX jobs_by_call ON jobs (call_id);

-- One row per step of an effect; each carries the hash of the one before, so that none can be changed, taken out or
-- put in between unseen.
CREATE TABLE audit (
    seq            INTEGER PRIMARY KEY,
    at_us          BIGINT NOT NULL,
    correlation_id TEXT NOT NULL,
    key            TEXT NOT NULL,
    action         TEXT NOT NULL,
    object_type    TEXT NOT NULL,
    object_id      TEXT,
    entry          TEXT NOT NULL,
    hash           TEXT NOT NULL
);
CREATE INDEX audit_by_correlation ON audit (correlation_id, seq);
CREATE INDEX audit_by_key ON audit (key, seq);
CREATE INDEX audit_by_object ON audit (object_type, object_id) WHERE object_id IS NOT NULL;
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
