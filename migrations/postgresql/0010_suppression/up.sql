-- Null while an alert is suppressed, and if it was resolved before it ever paged.
ALTER TABLE alert ALTER COLUMN incident_id DROP NOT NULL;
-- JSON: what keeps it from paging
ALTER TABLE alert ADD COLUMN suppressed TEXT;
-- the maintenance window, silence or alert that does
ALTER TABLE alert ADD COLUMN held_by BIGINT;
-- when the condition is over unless it is heard of again; moves with repeats, so no index has it
ALTER TABLE alert ADD COLUMN ends_at BIGINT;
-- when it must be looked at again at the latest
ALTER TABLE alert ADD COLUMN check_at BIGINT;
-- JSON: when it was opened and resolved lately
ALTER TABLE alert ADD COLUMN flaps TEXT;
CREATE INDEX alert_check ON alert (check_at) WHERE check_at IS NOT NULL;
CREATE INDEX alert_held ON alert (held_by) WHERE held_by IS NOT NULL;

-- How an incident collects alerts; JSON.
ALTER TABLE incident ADD COLUMN gathering TEXT;

-- When the step was due that waits for the end of a maintenance window (PAGING.md 3.3).
ALTER TABLE escalation_run ADD COLUMN held_due BIGINT;

-- Maintenance windows and silences (PAGING.md 3.3).
CREATE TABLE suppression (
  id BIGINT NOT NULL PRIMARY KEY,
  -- maintenance, silence
  kind TEXT NOT NULL,
  -- JSON arrays of ids
  services TEXT NOT NULL,
  integrations TEXT NOT NULL,
  -- JSON array of {name, op, value}
  matchers TEXT NOT NULL,
  -- the first occurrence
  starts_at BIGINT NOT NULL,
  ends_at BIGINT NOT NULL,
  -- RRULE; null: once
  recurrence TEXT,
  zone TEXT NOT NULL,
  -- JSON array of [start, end], rising, as far as they were worked out
  occurrences TEXT NOT NULL,
  -- until when they were
  expanded_until BIGINT NOT NULL,
  comment TEXT NOT NULL,
  created_by BIGINT,
  author TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  removed_by BIGINT,
  removed_at BIGINT,
  -- the end of which the owner was told last
  told_end BIGINT
);
CREATE INDEX suppression_live ON suppression (created_at) WHERE removed_at IS NULL;

-- While an alert matching the source is open, those matching the target do not page (3.4).
CREATE TABLE inhibition (
  id BIGINT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  -- null: of the whole installation
  team_id BIGINT REFERENCES team (id),
  source TEXT NOT NULL,
  target TEXT NOT NULL,
  -- JSON array of names
  equal_labels TEXT NOT NULL,
  created_by BIGINT,
  created_at BIGINT NOT NULL
);

-- Open alerts that inhibit others, by the values of the rule's equal labels.
CREATE TABLE inhibition_source (
  inhibition_id BIGINT NOT NULL REFERENCES inhibition (id) ON DELETE CASCADE,
  key BYTEA NOT NULL,
  alert_id BIGINT NOT NULL,
  PRIMARY KEY (inhibition_id, key, alert_id)
);
CREATE INDEX inhibition_source_alert ON inhibition_source (alert_id);
