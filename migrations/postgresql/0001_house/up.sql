-- Settings of the installation, as JSON values.
CREATE TABLE setting (
  key TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
);

-- Counters handed out in blocks (id) or one by one (incident, action_item), and the generation of
-- the configuration.
CREATE TABLE sequence (
  name TEXT NOT NULL PRIMARY KEY,
  next_value BIGINT NOT NULL
);
INSERT INTO sequence (name, next_value)
VALUES ('id', 1), ('incident', 1), ('action_item', 1), ('generation', 1);

-- Who changed what; append-only.
CREATE TABLE audit (
  id BIGINT NOT NULL PRIMARY KEY,
  at BIGINT NOT NULL,
  actor_id BIGINT,
  origin TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  details TEXT NOT NULL
);
CREATE INDEX audit_at ON audit (at);
