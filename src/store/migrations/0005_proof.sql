-- What shows who is calling (checked before an appointment is spoken of), and what they are to the business.
ALTER TABLE contacts ADD COLUMN birth_date TEXT;
ALTER TABLE contacts ADD COLUMN zip TEXT;
ALTER TABLE contacts ADD COLUMN tier TEXT;
