-- What was changed, as deployment tools and people tell it. Changes never page.
CREATE TABLE change_event (
  id INTEGER NOT NULL PRIMARY KEY,
  -- hash of (integration, idempotency key): a repeated delivery is one event
  identity BLOB NOT NULL,
  -- null: told by the API
  integration_id INTEGER REFERENCES integration (id),
  service_id INTEGER REFERENCES service (id),
  kind TEXT NOT NULL,
  status TEXT,
  summary TEXT NOT NULL,
  source TEXT NOT NULL,
  links TEXT NOT NULL,
  details TEXT NOT NULL,
  -- statements about one change in different states have an equal one
  change_key TEXT,
  at INTEGER NOT NULL,
  starts_at INTEGER,
  ends_at INTEGER,
  received_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX change_event_identity ON change_event (identity);
CREATE INDEX change_event_at ON change_event (at, id);
CREATE INDEX change_event_service ON change_event (service_id, at, id);
CREATE INDEX change_event_integration ON change_event (integration_id);
-- Asked whenever an incident opens; there are few.
CREATE INDEX change_event_experiment ON change_event (at) WHERE kind = 'experiment';
