ALTER TABLE alert DROP COLUMN text_digest;
