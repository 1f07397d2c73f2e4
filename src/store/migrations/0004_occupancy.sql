-- Who and what is taken up when: people, rooms, time kept free around an appointment, and times held while they are
-- read back to a caller. Whatever the writer, the database refuses two owners of one occupant at one time.
CREATE TABLE occupancy (
    owner    TEXT NOT NULL,   -- an appointment's id, or "hold:" and the call that holds it
    business TEXT NOT NULL,
    occupant TEXT NOT NULL,   -- "staff:NAME", "resource:NAME"; "default" where the business has one of everything
    from_us  BIGINT NOT NULL,
    to_us    BIGINT NOT NULL CHECK (to_us > from_us),
    until_us BIGINT,          -- of a hold: when its lease is over and it counts no more
    PRIMARY KEY (owner, occupant)
);
CREATE INDEX occupancy_by_time ON occupancy (business, occupant, from_us);
CREATE INDEX occupancy_leases ON occupancy (until_us) WHERE until_us IS NOT NULL;

INSERT INTO occupancy (owner, business, occupant, from_us, to_us)
    SELECT id, business, resource, starts_us, ends_us FROM appointments WHERE status = 'confirmed';

-- Leases that are over are deleted by every writer before it writes, in the same transaction.
CREATE TRIGGER occupancy_insert_overlap BEFORE INSERT ON occupancy
BEGIN
    SELECT RAISE(ABORT, 'appointment overlaps') FROM occupancy AS o
    WHERE o.owner <> NEW.owner AND o.business = NEW.business AND o.occupant = NEW.occupant
      AND o.from_us < NEW.to_us AND o.to_us > NEW.from_us;
END;
CREATE TRIGGER occupancy_update_overlap BEFORE UPDATE ON occupancy
BEGIN
    SELECT RAISE(ABORT, 'appointment overlaps') FROM occupancy AS o
    WHERE o.owner <> NEW.owner AND o.business = NEW.business AND o.occupant = NEW.occupant
      AND o.from_us < NEW.to_us AND o.to_us > NEW.from_us;
END;
-- What is cancelled takes up nothing, whoever cancels it.
CREATE TRIGGER appointments_cancel AFTER UPDATE OF status ON appointments WHEN NEW.status = 'cancelled'
BEGIN
    DELETE FROM occupancy WHERE owner = NEW.id;
END;

ALTER TABLE appointments ADD COLUMN staff TEXT;
