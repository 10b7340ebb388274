DROP INDEX escalation_run_number;
CREATE INDEX escalation_run_incident ON escalation_run (incident_id);
ALTER TABLE escalation_run DROP COLUMN number;
