-- Whom former calls were about, also where the CRM keeps only one number and one address of a contact.
CREATE INDEX jobs_by_number ON jobs (business, json_extract(payload, '$.phone')) WHERE kind = 'contact' AND state = 'done';
CREATE INDEX jobs_by_address ON jobs (business, lower(json_extract(payload, '$.email')))
    WHERE kind = 'contact' AND state = 'done';
