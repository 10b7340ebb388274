ALTER TABLE integration DROP COLUMN settings;
