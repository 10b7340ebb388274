-- Global integrations: ordered rules say where signals go (PAGING.md 2.1).
-- JSON: whether they hold, the rules in order; null: there never were any
ALTER TABLE integration ADD COLUMN routing TEXT;
-- the service that rules sent it to; null: its integration's
ALTER TABLE alert ADD COLUMN service_id BIGINT;
-- JSON: which rules did, and what the monitor had said
ALTER TABLE alert ADD COLUMN routed TEXT;
-- JSON: as in alert
ALTER TABLE signal ADD COLUMN routed TEXT;

-- How often a rule has matched; 0 is the catch-all.
CREATE TABLE routing_hit (
  integration_id BIGINT NOT NULL REFERENCES integration (id) ON DELETE CASCADE,
  rule_id BIGINT NOT NULL,
  hits BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  PRIMARY KEY (integration_id, rule_id)
);

-- Keys of monitors that lead to alerts of other keys, since rules made those. Good for as long as
-- the alert is open.
CREATE TABLE alert_alias (
  -- hash of (integration, the monitor's key)
  identity BYTEA NOT NULL PRIMARY KEY,
  -- the identity of the alert
  target BYTEA NOT NULL,
  alert_id BIGINT NOT NULL
);
CREATE INDEX alert_alias_alert ON alert_alias (alert_id);
