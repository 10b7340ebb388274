DROP INDEX alert_open;
