-- The open alerts, newest first, among however many that are over.
CREATE INDEX alert_open ON alert (id) WHERE status = 'open';
