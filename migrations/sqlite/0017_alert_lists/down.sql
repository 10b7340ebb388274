DROP INDEX alert_flapping;
DROP INDEX alert_suppressed;
