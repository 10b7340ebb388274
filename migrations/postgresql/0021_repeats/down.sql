ALTER TABLE alert RESET (fillfactor);
ALTER TABLE alert DROP COLUMN text_digest;
