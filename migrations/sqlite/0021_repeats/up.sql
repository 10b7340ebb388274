-- What an alert says, in 16 bytes: a repeat that says the same need not read all of it. Of alerts
-- opened before there is none, and those are read whole.
ALTER TABLE alert ADD COLUMN text_digest BLOB;
