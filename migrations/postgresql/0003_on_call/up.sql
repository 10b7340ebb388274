CREATE TABLE schedule (
  id BIGINT NOT NULL PRIMARY KEY,
  slug TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  team_id BIGINT REFERENCES team (id),
  created_at BIGINT NOT NULL
);

-- Immutable: an edit is a new version, effective from an instant.
CREATE TABLE schedule_version (
  schedule_id BIGINT NOT NULL REFERENCES schedule (id) ON DELETE CASCADE,
  version BIGINT NOT NULL,
  effective_from BIGINT NOT NULL,
  config TEXT NOT NULL,
  created_by BIGINT,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (schedule_id, version)
);

CREATE TABLE schedule_override (
  id BIGINT NOT NULL PRIMARY KEY,
  schedule_id BIGINT NOT NULL REFERENCES schedule (id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  start_at BIGINT NOT NULL,
  end_at BIGINT NOT NULL,
  -- JSON array of user ids
  users TEXT NOT NULL,
  created_by BIGINT,
  created_at BIGINT NOT NULL,
  removed_by BIGINT,
  removed_at BIGINT
);
CREATE INDEX schedule_override_span ON schedule_override (schedule_id, end_at);

CREATE TABLE policy (
  id BIGINT NOT NULL PRIMARY KEY,
  slug TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  team_id BIGINT REFERENCES team (id),
  current_version BIGINT NOT NULL,
  -- whose turn it is in round-robin steps
  runs_started BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE policy_version (
  policy_id BIGINT NOT NULL REFERENCES policy (id) ON DELETE CASCADE,
  version BIGINT NOT NULL,
  config TEXT NOT NULL,
  created_by BIGINT,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (policy_id, version)
);

CREATE TABLE service (
  id BIGINT NOT NULL PRIMARY KEY,
  slug TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  team_id BIGINT REFERENCES team (id),
  policy_id BIGINT REFERENCES policy (id),
  settings TEXT NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE integration (
  id BIGINT NOT NULL PRIMARY KEY,
  service_id BIGINT NOT NULL REFERENCES service (id),
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  -- SHA-256; the key itself is never stored
  key_hash BYTEA NOT NULL UNIQUE,
  key_hint TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  removed_at BIGINT
);

-- Apart from the configuration, because it changes with every batch.
CREATE TABLE integration_traffic (
  integration_id BIGINT NOT NULL PRIMARY KEY REFERENCES integration (id) ON DELETE CASCADE,
  signals BIGINT NOT NULL,
  ignored BIGINT NOT NULL,
  rejected BIGINT NOT NULL,
  last_signal_at BIGINT,
  last_warning TEXT,
  last_warning_at BIGINT
);
