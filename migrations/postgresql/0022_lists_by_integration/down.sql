DROP INDEX alert_integration;
DROP INDEX request_rejected_of;
