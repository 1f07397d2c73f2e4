-- What happened, as it is told to others: written with what happened, never changed.
CREATE TABLE events (
    seq      INTEGER PRIMARY KEY,
    id       TEXT NOT NULL UNIQUE,
    kind     TEXT NOT NULL,
    business TEXT NOT NULL,
    call_id  TEXT NOT NULL,
    at_us    BIGINT NOT NULL,
    body     TEXT NOT NULL
);
CREATE INDEX events_by_time ON events (at_us);
CREATE INDEX events_by_call ON events (call_id);

-- Who is told, and how that goes. The configuration says who there is; this, whether they can be reached.
CREATE TABLE event_endpoints (
    name             TEXT PRIMARY KEY,
    kinds            TEXT NOT NULL,    -- " call.started call.ended ", a space on both sides of each
    state            TEXT NOT NULL CHECK (state IN ('enabled', 'disabled', 'removed')),
    failing_since_us BIGINT,
    last_success_us  BIGINT,
    disabled_us      BIGINT,
    reason           TEXT
);

-- One row per event and endpoint. Of one call's events an endpoint is told the next when the one before is not waiting.
CREATE TABLE event_deliveries (
    id         INTEGER PRIMARY KEY,
    endpoint   TEXT NOT NULL,
    event_seq  BIGINT NOT NULL REFERENCES events (seq) ON DELETE CASCADE,
    call_id    TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'failed')),
    attempts   BIGINT NOT NULL DEFAULT 0,
    run_at_us  BIGINT NOT NULL,
    reason     TEXT,
    updated_us BIGINT NOT NULL,
    UNIQUE (endpoint, event_seq)
);
CREATE INDEX event_deliveries_open ON event_deliveries (endpoint, call_id, event_seq) WHERE state = 'waiting';
CREATE INDEX event_deliveries_due ON event_deliveries (endpoint, run_at_us) WHERE state = 'waiting';
CREATE INDEX event_deliveries_by_event ON event_deliveries (event_seq);

-- Of each call the delivery that is next for an enabled endpoint.
CREATE VIEW event_deliveries_next AS
    SELECT d.id, d.endpoint, d.event_seq, d.attempts, d.run_at_us, e.id AS event_id, e.body
    FROM event_deliveries AS d JOIN events AS e ON e.seq = d.event_seq
    WHERE d.state = 'waiting'
      AND EXISTS (SELECT 1 FROM event_endpoints AS p WHERE p.name = d.endpoint AND p.state = 'enabled')
      AND NOT EXISTS (SELECT 1 FROM event_deliveries AS b WHERE b.endpoint = d.endpoint AND b.call_id = d.call_id
        AND b.state = 'waiting' AND b.event_seq < d.event_seq);
