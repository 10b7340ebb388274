CREATE TABLE incident (
  id INTEGER NOT NULL PRIMARY KEY,
  number INTEGER NOT NULL UNIQUE,
  title TEXT NOT NULL,
  service_id INTEGER REFERENCES service (id),
  -- set when somebody reassigned the incident to another policy than its service's
  policy_id INTEGER REFERENCES policy (id),
  kind TEXT NOT NULL,
  urgency TEXT NOT NULL,
  -- the worst severity among its alerts
  alert_severity TEXT NOT NULL,
  -- SEV1 to SEV5 of a declared incident
  severity TEXT,
  paging TEXT NOT NULL,
  phase TEXT NOT NULL,
  group_key TEXT,
  alerts INTEGER NOT NULL,
  open_alerts INTEGER NOT NULL,
  -- nobody could be paged by the policy (PAGING.md 4.5)
  unreachable INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  triggered_at INTEGER NOT NULL,
  acknowledged_at INTEGER,
  acknowledged_by INTEGER,
  snoozed_until INTEGER,
  declared_at INTEGER,
  declared_by INTEGER,
  resolved_at INTEGER,
  resolved_by INTEGER,
  next_update_due INTEGER,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX incident_open_group ON incident (service_id, group_key)
  WHERE group_key IS NOT NULL AND paging <> 'resolved';
CREATE INDEX incident_open ON incident (created_at) WHERE paging <> 'resolved';
CREATE INDEX incident_service ON incident (service_id, created_at);
CREATE INDEX incident_created ON incident (created_at);
CREATE INDEX incident_resolved_group ON incident (service_id, group_key, resolved_at)
  WHERE group_key IS NOT NULL;

CREATE TABLE alert (
  id INTEGER NOT NULL PRIMARY KEY,
  -- hash of (integration, dedup key); at most one open alert has it (PAGING.md 1.2)
  identity BLOB NOT NULL,
  integration_id INTEGER NOT NULL REFERENCES integration (id),
  incident_id INTEGER NOT NULL REFERENCES incident (id),
  dedup_key TEXT NOT NULL,
  status TEXT NOT NULL,
  severity TEXT NOT NULL,
  summary TEXT NOT NULL,
  source TEXT NOT NULL,
  component TEXT,
  signal_group TEXT,
  class TEXT,
  details TEXT NOT NULL,
  links TEXT NOT NULL,
  images TEXT NOT NULL,
  -- the first texts, once newer ones have replaced them (PAGING.md 1.3)
  first_text TEXT,
  group_key TEXT,
  count INTEGER NOT NULL,
  first_seen INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  monitor_time INTEGER,
  resolved_at INTEGER
) STRICT;
CREATE UNIQUE INDEX alert_open_identity ON alert (identity) WHERE status = 'open';
CREATE INDEX alert_resolved_identity ON alert (identity, resolved_at) WHERE status = 'resolved';
CREATE INDEX alert_open_group ON alert (integration_id, group_key)
  WHERE status = 'open' AND group_key IS NOT NULL;
CREATE INDEX alert_incident ON alert (incident_id);
CREATE INDEX alert_first_seen ON alert (first_seen);

-- What was decided about signals that changed something, were ignored or could not be understood.
-- A repeat of an open alert only raises the alert's count.
CREATE TABLE signal (
  id INTEGER NOT NULL PRIMARY KEY,
  integration_id INTEGER NOT NULL REFERENCES integration (id),
  received_at INTEGER NOT NULL,
  action TEXT,
  dedup_key TEXT,
  severity TEXT,
  summary TEXT NOT NULL,
  decision TEXT NOT NULL,
  alert_id INTEGER,
  incident_id INTEGER,
  warnings TEXT,
  raw TEXT
) STRICT;
CREATE INDEX signal_received ON signal (received_at);
CREATE INDEX signal_integration ON signal (integration_id, received_at);

-- Append-only.
CREATE TABLE timeline_entry (
  id INTEGER NOT NULL PRIMARY KEY,
  incident_id INTEGER NOT NULL REFERENCES incident (id),
  occurred_at INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  actor_id INTEGER,
  origin TEXT NOT NULL,
  text TEXT NOT NULL,
  details TEXT NOT NULL
) STRICT;
CREATE INDEX timeline_entry_incident ON timeline_entry (incident_id, occurred_at, recorded_at, id);

CREATE TABLE key_moment (
  incident_id INTEGER NOT NULL REFERENCES incident (id),
  moment TEXT NOT NULL,
  at INTEGER NOT NULL,
  -- false once a person has set it
  automatic INTEGER NOT NULL,
  set_by INTEGER,
  PRIMARY KEY (incident_id, moment)
) STRICT;
