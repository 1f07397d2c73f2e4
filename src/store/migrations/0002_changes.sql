-- One row per change of an appointment: a change asked for again with its key is not made twice.
CREATE TABLE appointment_changes (
    key            TEXT PRIMARY KEY,
    appointment_id TEXT NOT NULL REFERENCES appointments (id),
    created_us     BIGINT NOT NULL
);
CREATE INDEX appointments_by_phone ON appointments (business, phone, starts_us);
