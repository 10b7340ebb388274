CREATE TABLE role_holding (
  id BIGINT NOT NULL PRIMARY KEY,
  incident_id BIGINT NOT NULL REFERENCES incident (id),
  role TEXT NOT NULL,
  user_id BIGINT NOT NULL REFERENCES users (id),
  -- claim, handover, assign
  began_by TEXT NOT NULL,
  started_by BIGINT,
  started_at BIGINT NOT NULL,
  reason TEXT,
  ended_at BIGINT,
  ended_by TEXT
);
CREATE UNIQUE INDEX role_holding_one ON role_holding (incident_id, role) WHERE ended_at IS NULL;
CREATE INDEX role_holding_incident ON role_holding (incident_id);

CREATE TABLE handover (
  id BIGINT NOT NULL PRIMARY KEY,
  incident_id BIGINT NOT NULL REFERENCES incident (id),
  role TEXT NOT NULL,
  from_user_id BIGINT NOT NULL REFERENCES users (id),
  to_user_id BIGINT NOT NULL REFERENCES users (id),
  brief TEXT NOT NULL,
  offered_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  outcome TEXT,
  closed_at BIGINT
);
CREATE UNIQUE INDEX handover_open ON handover (incident_id, role) WHERE outcome IS NULL;

CREATE TABLE status_update (
  id BIGINT NOT NULL PRIMARY KEY,
  incident_id BIGINT NOT NULL REFERENCES incident (id),
  author_id BIGINT,
  phase TEXT NOT NULL,
  text TEXT NOT NULL,
  published_at BIGINT NOT NULL,
  next_due_at BIGINT
);
CREATE INDEX status_update_incident ON status_update (incident_id, published_at);

CREATE TABLE postmortem (
  incident_id BIGINT NOT NULL PRIMARY KEY REFERENCES incident (id),
  -- the incident's number: PM-0042 belongs to INC-0042
  number BIGINT NOT NULL UNIQUE,
  title TEXT NOT NULL,
  status TEXT NOT NULL,
  revision BIGINT NOT NULL,
  owner_id BIGINT,
  created_by BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  approved_by BIGINT,
  approved_revision BIGINT
);

CREATE TABLE postmortem_section (
  incident_id BIGINT NOT NULL REFERENCES postmortem (incident_id),
  slug TEXT NOT NULL,
  position BIGINT NOT NULL,
  title TEXT NOT NULL,
  body TEXT NOT NULL,
  -- of this section: an edit names the one it started from
  revision BIGINT NOT NULL,
  updated_by BIGINT,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (incident_id, slug)
);

-- Every edit; append-only.
CREATE TABLE postmortem_revision (
  incident_id BIGINT NOT NULL REFERENCES postmortem (incident_id),
  revision BIGINT NOT NULL,
  change TEXT NOT NULL,
  slug TEXT,
  body TEXT,
  edited_by BIGINT,
  edited_at BIGINT NOT NULL,
  PRIMARY KEY (incident_id, revision)
);

CREATE TABLE action_item (
  id BIGINT NOT NULL PRIMARY KEY,
  number BIGINT NOT NULL UNIQUE,
  incident_id BIGINT NOT NULL REFERENCES incident (id),
  title TEXT NOT NULL,
  kind TEXT NOT NULL,
  priority TEXT NOT NULL,
  owner_user_id BIGINT,
  owner_team_id BIGINT,
  -- ISO date
  due_on TEXT,
  tracker TEXT,
  status TEXT NOT NULL,
  done_test TEXT,
  -- why it will not be done
  reason TEXT,
  created_by BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX action_item_incident ON action_item (incident_id);
