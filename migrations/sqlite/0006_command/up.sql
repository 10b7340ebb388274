CREATE TABLE role_holding (
  id INTEGER NOT NULL PRIMARY KEY,
  incident_id INTEGER NOT NULL REFERENCES incident (id),
  role TEXT NOT NULL,
  user_id INTEGER NOT NULL REFERENCES users (id),
  -- claim, handover, assign
  began_by TEXT NOT NULL,
  started_by INTEGER,
  started_at INTEGER NOT NULL,
  reason TEXT,
  ended_at INTEGER,
  ended_by TEXT
) STRICT;
CREATE UNIQUE INDEX role_holding_one ON role_holding (incident_id, role) WHERE ended_at IS NULL;
CREATE INDEX role_holding_incident ON role_holding (incident_id);

CREATE TABLE handover (
  id INTEGER NOT NULL PRIMARY KEY,
  incident_id INTEGER NOT NULL REFERENCES incident (id),
  role TEXT NOT NULL,
  from_user_id INTEGER NOT NULL REFERENCES users (id),
  to_user_id INTEGER NOT NULL REFERENCES users (id),
  brief TEXT NOT NULL,
  offered_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  outcome TEXT,
  closed_at INTEGER
) STRICT;
CREATE UNIQUE INDEX handover_open ON handover (incident_id, role) WHERE outcome IS NULL;

CREATE TABLE status_update (
  id INTEGER NOT NULL PRIMARY KEY,
  incident_id INTEGER NOT NULL REFERENCES incident (id),
  author_id INTEGER,
  phase TEXT NOT NULL,
  text TEXT NOT NULL,
  published_at INTEGER NOT NULL,
  next_due_at INTEGER
) STRICT;
CREATE INDEX status_update_incident ON status_update (incident_id, published_at);

CREATE TABLE postmortem (
  incident_id INTEGER NOT NULL PRIMARY KEY REFERENCES incident (id),
  -- the incident's number: PM-0042 belongs to INC-0042
  number INTEGER NOT NULL UNIQUE,
  title TEXT NOT NULL,
  status TEXT NOT NULL,
  revision INTEGER NOT NULL,
  owner_id INTEGER,
  created_by INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  approved_by INTEGER,
  approved_revision INTEGER
) STRICT;

CREATE TABLE postmortem_section (
  incident_id INTEGER NOT NULL REFERENCES postmortem (incident_id),
  slug TEXT NOT NULL,
  position INTEGER NOT NULL,
  title TEXT NOT NULL,
  body TEXT NOT NULL,
  -- of this section: an edit names the one it started from
  revision INTEGER NOT NULL,
  updated_by INTEGER,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (incident_id, slug)
) STRICT;

-- Every edit; append-only.
CREATE TABLE postmortem_revision (
  incident_id INTEGER NOT NULL REFERENCES postmortem (incident_id),
  revision INTEGER NOT NULL,
  change TEXT NOT NULL,
  slug TEXT,
  body TEXT,
  edited_by INTEGER,
  edited_at INTEGER NOT NULL,
  PRIMARY KEY (incident_id, revision)
) STRICT;

CREATE TABLE action_item (
  id INTEGER NOT NULL PRIMARY KEY,
  number INTEGER NOT NULL UNIQUE,
  incident_id INTEGER NOT NULL REFERENCES incident (id),
  title TEXT NOT NULL,
  kind TEXT NOT NULL,
  priority TEXT NOT NULL,
  owner_user_id INTEGER,
  owner_team_id INTEGER,
  -- ISO date
  due_on TEXT,
  tracker TEXT,
  status TEXT NOT NULL,
  done_test TEXT,
  -- why it will not be done
  reason TEXT,
  created_by INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX action_item_incident ON action_item (incident_id);
