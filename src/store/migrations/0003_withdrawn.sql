-- Keys of bookings that were taken back after their answer was lost: a late attempt under one of them writes nothing.
CREATE TABLE withdrawn_keys (
    key        TEXT PRIMARY KEY,
    created_us BIGINT NOT NULL
);
