-- JSON: secret, severity, mapping
ALTER TABLE integration ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';
