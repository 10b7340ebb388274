CREATE TABLE schedule (
  id INTEGER NOT NULL PRIMARY KEY,
  slug TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  team_id INTEGER REFERENCES team (id),
  created_at INTEGER NOT NULL
) STRICT;

-- Immutable: an edit is a new version, effective from an instant.
CREATE TABLE schedule_version (
  schedule_id INTEGER NOT NULL REFERENCES schedule (id) ON DELETE CASCADE,
  version INTEGER NOT NULL,
  effective_from INTEGER NOT NULL,
  config TEXT NOT NULL,
  created_by INTEGER,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (schedule_id, version)
) STRICT;

CREATE TABLE schedule_override (
  id INTEGER NOT NULL PRIMARY KEY,
  schedule_id INTEGER NOT NULL REFERENCES schedule (id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  start_at INTEGER NOT NULL,
  end_at INTEGER NOT NULL,
  -- JSON array of user ids
  users TEXT NOT NULL,
  created_by INTEGER,
  created_at INTEGER NOT NULL,
  removed_by INTEGER,
  removed_at INTEGER
) STRICT;
CREATE INDEX schedule_override_span ON schedule_override (schedule_id, end_at);

CREATE TABLE policy (
  id INTEGER NOT NULL PRIMARY KEY,
  slug TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  team_id INTEGER REFERENCES team (id),
  current_version INTEGER NOT NULL,
  -- whose turn it is in round-robin steps
  runs_started INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE policy_version (
  policy_id INTEGER NOT NULL REFERENCES policy (id) ON DELETE CASCADE,
  version INTEGER NOT NULL,
  config TEXT NOT NULL,
  created_by INTEGER,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (policy_id, version)
) STRICT;

CREATE TABLE service (
  id INTEGER NOT NULL PRIMARY KEY,
  slug TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  team_id INTEGER REFERENCES team (id),
  policy_id INTEGER REFERENCES policy (id),
  settings TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE integration (
  id INTEGER NOT NULL PRIMARY KEY,
  service_id INTEGER NOT NULL REFERENCES service (id),
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  -- SHA-256; the key itself is never stored
  key_hash BLOB NOT NULL UNIQUE,
  key_hint TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  removed_at INTEGER
) STRICT;

-- Apart from the configuration, because it changes with every batch.
CREATE TABLE integration_traffic (
  integration_id INTEGER NOT NULL PRIMARY KEY REFERENCES integration (id) ON DELETE CASCADE,
  signals INTEGER NOT NULL,
  ignored INTEGER NOT NULL,
  rejected INTEGER NOT NULL,
  last_signal_at INTEGER,
  last_warning TEXT,
  last_warning_at INTEGER
) STRICT;
