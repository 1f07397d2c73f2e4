-- The built-in CRM takes what any other CRM takes: records are found again by the key they were made with, and fields
-- without a column of their own are kept as a JSON object.
ALTER TABLE contacts ADD COLUMN key TEXT;
ALTER TABLE contacts ADD COLUMN email TEXT;
ALTER TABLE contacts ADD COLUMN more TEXT NOT NULL DEFAULT '{}';
CREATE UNIQUE INDEX contacts_by_key ON contacts (business, key) WHERE key IS NOT NULL;
CREATE INDEX contacts_by_email ON contacts (business, lower(email)) WHERE email IS NOT NULL;
CREATE INDEX contacts_by_zip ON contacts (business, zip) WHERE zip IS NOT NULL;
ALTER TABLE activities ADD COLUMN more TEXT NOT NULL DEFAULT '{}';
ALTER TABLE tasks ADD COLUMN more TEXT NOT NULL DEFAULT '{}';
CREATE TABLE deals (
    id         TEXT PRIMARY KEY,
    key        TEXT NOT NULL UNIQUE,
    business   TEXT NOT NULL,
    more       TEXT NOT NULL,
    created_us BIGINT NOT NULL
);
