DROP TABLE alert_alias;
DROP TABLE routing_hit;
ALTER TABLE signal DROP COLUMN routed;
ALTER TABLE alert DROP COLUMN routed;
ALTER TABLE alert DROP COLUMN service_id;
ALTER TABLE integration DROP COLUMN routing;
