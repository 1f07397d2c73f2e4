-- Contacts are found by their number first, then by their e-mail address; several may share one.
ALTER TABLE contacts ADD COLUMN email TEXT;
ALTER TABLE contacts ADD COLUMN language TEXT;
CREATE INDEX contacts_by_email ON contacts (business, lower(email)) WHERE email IS NOT NULL;
