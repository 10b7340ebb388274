-- Global integrations: ordered rules say where signals go (PAGING.md 2.1).
-- JSON: whether they hold, the rules in order; null: there never were any
ALTER TABLE integration ADD COLUMN routing TEXT;
-- the service that rules sent it to; null: its integration's
ALTER TABLE alert ADD COLUMN service_id INTEGER;
-- JSON: which rules did, and what the monitor had said
ALTER TABLE alert ADD COLUMN routed TEXT;
-- JSON: as in alert
ALTER TABLE signal ADD COLUMN routed TEXT;

-- How often a rule has matched; 0 is the catch-all.
CREATE TABLE routing_hit (
  integration_id INTEGER NOT NULL REFERENCES integration (id) ON DELETE CASCADE,
  rule_id INTEGER NOT NULL,
  hits INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  PRIMARY KEY (integration_id, rule_id)
) STRICT;

-- Keys of monitors that lead to alerts of other keys, since rules made those. Good for as long as
-- the alert is open.
CREATE TABLE alert_alias (
  -- hash of (integration, the monitor's key)
  identity BLOB NOT NULL PRIMARY KEY,
  -- the identity of the alert
  target BLOB NOT NULL,
  alert_id INTEGER NOT NULL
) STRICT;
CREATE INDEX alert_alias_alert ON alert_alias (alert_id);
