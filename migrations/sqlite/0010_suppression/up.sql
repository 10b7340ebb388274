-- SQLite cannot take NOT NULL from a column: the table is made anew. Nothing refers to it.
CREATE TABLE alert_new (
  id INTEGER NOT NULL PRIMARY KEY,
  -- hash of (integration, dedup key); at most one open alert has it (PAGING.md 1.2)
  identity BLOB NOT NULL,
  integration_id INTEGER NOT NULL REFERENCES integration (id),
  -- null while it is suppressed, and if it was resolved before it ever paged
  incident_id INTEGER REFERENCES incident (id),
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
  resolved_at INTEGER,
  -- JSON: what keeps it from paging
  suppressed TEXT,
  -- the maintenance window, silence or alert that does
  held_by INTEGER,
  -- when the condition is over unless it is heard of again; moves with repeats, so no index has it
  ends_at INTEGER,
  -- when it must be looked at again at the latest
  check_at INTEGER,
  -- JSON: when it was opened and resolved lately
  flaps TEXT
) STRICT;
INSERT INTO alert_new (
  id, identity, integration_id, incident_id, dedup_key, status, severity, summary, source, component,
  signal_group, class, details, links, images, first_text, group_key, count, first_seen, last_seen,
  monitor_time, resolved_at
) SELECT
  id, identity, integration_id, incident_id, dedup_key, status, severity, summary, source, component,
  signal_group, class, details, links, images, first_text, group_key, count, first_seen, last_seen,
  monitor_time, resolved_at
FROM alert;
DROP TABLE alert;
ALTER TABLE alert_new RENAME TO alert;
CREATE UNIQUE INDEX alert_open_identity ON alert (identity) WHERE status = 'open';
CREATE INDEX alert_resolved_identity ON alert (identity, resolved_at) WHERE status = 'resolved';
CREATE INDEX alert_open_group ON alert (integration_id, group_key)
  WHERE status = 'open' AND group_key IS NOT NULL;
CREATE INDEX alert_incident ON alert (incident_id);
CREATE INDEX alert_first_seen ON alert (first_seen);
CREATE INDEX alert_check ON alert (check_at) WHERE check_at IS NOT NULL;
CREATE INDEX alert_held ON alert (held_by) WHERE held_by IS NOT NULL;

-- How an incident collects alerts; JSON.
ALTER TABLE incident ADD COLUMN gathering TEXT;

-- When the step was due that waits for the end of a maintenance window (PAGING.md 3.3).
ALTER TABLE escalation_run ADD COLUMN held_due INTEGER;

-- Maintenance windows and silences (PAGING.md 3.3).
CREATE TABLE suppression (
  id INTEGER NOT NULL PRIMARY KEY,
  -- maintenance, silence
  kind TEXT NOT NULL,
  -- JSON arrays of ids
  services TEXT NOT NULL,
  integrations TEXT NOT NULL,
  -- JSON array of {name, op, value}
  matchers TEXT NOT NULL,
  -- the first occurrence
  starts_at INTEGER NOT NULL,
  ends_at INTEGER NOT NULL,
  -- RRULE; null: once
  recurrence TEXT,
  zone TEXT NOT NULL,
  -- JSON array of [start, end], rising, as far as they were worked out
  occurrences TEXT NOT NULL,
  -- until when they were
  expanded_until INTEGER NOT NULL,
  comment TEXT NOT NULL,
  created_by INTEGER,
  author TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  removed_by INTEGER,
  removed_at INTEGER,
  -- the end of which the owner was told last
  told_end INTEGER
) STRICT;
CREATE INDEX suppression_live ON suppression (created_at) WHERE removed_at IS NULL;

-- While an alert matching the source is open, those matching the target do not page (3.4).
CREATE TABLE inhibition (
  id INTEGER NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  -- null: of the whole installation
  team_id INTEGER REFERENCES team (id),
  source TEXT NOT NULL,
  target TEXT NOT NULL,
  -- JSON array of names
  equal_labels TEXT NOT NULL,
  created_by INTEGER,
  created_at INTEGER NOT NULL
) STRICT;

-- Open alerts that inhibit others, by the values of the rule's equal labels.
CREATE TABLE inhibition_source (
  inhibition_id INTEGER NOT NULL REFERENCES inhibition (id) ON DELETE CASCADE,
  key BLOB NOT NULL,
  alert_id INTEGER NOT NULL,
  PRIMARY KEY (inhibition_id, key, alert_id)
) STRICT;
CREATE INDEX inhibition_source_alert ON inhibition_source (alert_id);
