DROP TABLE inhibition_source;
DROP TABLE inhibition;
DROP TABLE suppression;
ALTER TABLE escalation_run DROP COLUMN held_due;
ALTER TABLE incident DROP COLUMN gathering;
CREATE TABLE alert_old (
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
INSERT INTO alert_old SELECT
  id, identity, integration_id, incident_id, dedup_key, status, severity, summary, source, component,
  signal_group, class, details, links, images, first_text, group_key, count, first_seen, last_seen,
  monitor_time, resolved_at
FROM alert WHERE incident_id IS NOT NULL;
DROP TABLE alert;
ALTER TABLE alert_old RENAME TO alert;
CREATE UNIQUE INDEX alert_open_identity ON alert (identity) WHERE status = 'open';
CREATE INDEX alert_resolved_identity ON alert (identity, resolved_at) WHERE status = 'resolved';
CREATE INDEX alert_open_group ON alert (integration_id, group_key)
  WHERE status = 'open' AND group_key IS NOT NULL;
CREATE INDEX alert_incident ON alert (incident_id);
CREATE INDEX alert_first_seen ON alert (first_seen);
