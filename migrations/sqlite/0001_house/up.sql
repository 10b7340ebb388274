-- Settings of the installation, as JSON values.
CREATE TABLE setting (
  key TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

-- Counters handed out in blocks (id) or one by one (incident, action_item), and the generation of
-- the configuration.
CREATE TABLE sequence (
  name TEXT NOT NULL PRIMARY KEY,
  next_value INTEGER NOT NULL
) STRICT;
INSERT INTO sequence (name, next_value)
VALUES ('id', 1), ('incident', 1), ('action_item', 1), ('generation', 1);

-- Who changed what; append-only.
CREATE TABLE audit (
  id INTEGER NOT NULL PRIMARY KEY,
  at INTEGER NOT NULL,
  actor_id INTEGER,
  origin TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  details TEXT NOT NULL
) STRICT;
CREATE INDEX audit_at ON audit (at);
