ALTER TABLE notification DROP COLUMN waits_since;
