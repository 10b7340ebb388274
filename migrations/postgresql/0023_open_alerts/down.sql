DROP INDEX alert_incident;
CREATE INDEX alert_incident ON alert (incident_id);
DROP INDEX alert_open;
