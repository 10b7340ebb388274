-- The open alerts, newest first: all of them, and those of an incident. Sorting what a storm has
-- left took longer than everything else of a page.
CREATE INDEX alert_open ON alert (id) WHERE status = 'open';
DROP INDEX alert_incident;
CREATE INDEX alert_incident ON alert (incident_id, id);
