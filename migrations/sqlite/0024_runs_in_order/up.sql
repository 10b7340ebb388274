-- The how manieth run of its incident it is. Times do not tell where the clock was set back, nor ids
-- where two nodes give them.
ALTER TABLE escalation_run ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
UPDATE escalation_run SET number = (
  SELECT COUNT(*) FROM escalation_run AS earlier
  WHERE earlier.incident_id = escalation_run.incident_id
    AND (earlier.started_at, earlier.id) <= (escalation_run.started_at, escalation_run.id)
);
DROP INDEX escalation_run_incident;
CREATE UNIQUE INDEX escalation_run_number ON escalation_run (incident_id, number);
