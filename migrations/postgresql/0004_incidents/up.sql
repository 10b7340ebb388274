CREATE TABLE incident (
  id BIGINT NOT NULL PRIMARY KEY,
  number BIGINT NOT NULL UNIQUE,
  title TEXT NOT NULL,
  service_id BIGINT REFERENCES service (id),
  -- set when somebody reassigned the incident to another policy than its service's
  policy_id BIGINT REFERENCES policy (id),
  kind TEXT NOT NULL,
  urgency TEXT NOT NULL,
  -- the worst severity among its alerts
  alert_severity TEXT NOT NULL,
  -- SEV1 to SEV5 of a declared incident
  severity TEXT,
  paging TEXT NOT NULL,
  phase TEXT NOT NULL,
  group_key TEXT,
  alerts BIGINT NOT NULL,
  open_alerts BIGINT NOT NULL,
  -- nobody could be paged by the policy (PAGING.md 4.5)
  unreachable BOOLEAN NOT NULL,
  created_at BIGINT NOT NULL,
  triggered_at BIGINT NOT NULL,
  acknowledged_at BIGINT,
  acknowledged_by BIGINT,
  snoozed_until BIGINT,
  declared_at BIGINT,
  declared_by BIGINT,
  resolved_at BIGINT,
  resolved_by BIGINT,
  next_update_due BIGINT,
  updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX incident_open_group ON incident (service_id, group_key)
  WHERE group_key IS NOT NULL AND paging <> 'resolved';
CREATE INDEX incident_open ON incident (created_at) WHERE paging <> 'resolved';
CREATE INDEX incident_service ON incident (service_id, created_at);
CREATE INDEX incident_created ON incident (created_at);
CREATE INDEX incident_resolved_group ON incident (service_id, group_key, resolved_at)
  WHERE group_key IS NOT NULL;

CREATE TABLE alert (
  id BIGINT NOT NULL PRIMARY KEY,
  -- hash of (integration, dedup key); at most one open alert has it (PAGING.md 1.2)
  identity BYTEA NOT NULL,
  integration_id BIGINT NOT NULL REFERENCES integration (id),
  incident_id BIGINT NOT NULL REFERENCES incident (id),
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
  count BIGINT NOT NULL,
  first_seen BIGINT NOT NULL,
  last_seen BIGINT NOT NULL,
  monitor_time BIGINT,
  resolved_at BIGINT
);
CREATE UNIQUE INDEX alert_open_identity ON alert (identity) WHERE status = 'open';
CREATE INDEX alert_resolved_identity ON alert (identity, resolved_at) WHERE status = 'resolved';
CREATE INDEX alert_open_group ON alert (integration_id, group_key)
  WHERE status = 'open' AND group_key IS NOT NULL;
CREATE INDEX alert_incident ON alert (incident_id);
CREATE INDEX alert_first_seen ON alert (first_seen);

-- What was decided about signals that changed something, were ignored or could not be understood.
-- A repeat of an open alert only raises the alert's count.
CREATE TABLE signal (
  id BIGINT NOT NULL PRIMARY KEY,
  integration_id BIGINT NOT NULL REFERENCES integration (id),
  received_at BIGINT NOT NULL,
  action TEXT,
  dedup_key TEXT,
  severity TEXT,
  summary TEXT NOT NULL,
  decision TEXT NOT NULL,
  alert_id BIGINT,
  incident_id BIGINT,
  warnings TEXT,
  raw TEXT
);
CREATE INDEX signal_received ON signal (received_at);
CREATE INDEX signal_integration ON signal (integration_id, received_at);

-- Append-only.
CREATE TABLE timeline_entry (
  id BIGINT NOT NULL PRIMARY KEY,
  incident_id BIGINT NOT NULL REFERENCES incident (id),
  occurred_at BIGINT NOT NULL,
  recorded_at BIGINT NOT NULL,
  kind TEXT NOT NULL,
  actor_id BIGINT,
  origin TEXT NOT NULL,
  text TEXT NOT NULL,
  details TEXT NOT NULL
);
CREATE INDEX timeline_entry_incident ON timeline_entry (incident_id, occurred_at, recorded_at, id);

CREATE TABLE key_moment (
  incident_id BIGINT NOT NULL REFERENCES incident (id),
  moment TEXT NOT NULL,
  at BIGINT NOT NULL,
  -- false once a person has set it
  automatic BOOLEAN NOT NULL,
  set_by BIGINT,
  PRIMARY KEY (incident_id, moment)
);
