-- What monitors sent, with every secret masked. A request of repeats only is counted; the newest of
-- each integration stands here as a sample, one row that is written over.
CREATE TABLE request (
  id INTEGER NOT NULL PRIMARY KEY,
  integration_id INTEGER NOT NULL REFERENCES integration (id),
  received_at INTEGER NOT NULL,
  -- who read it: a format's word, or the name of an API
  format TEXT NOT NULL,
  method TEXT NOT NULL,
  path TEXT NOT NULL,
  -- JSON: pairs of name and value
  headers TEXT NOT NULL,
  body TEXT NOT NULL,
  -- in bytes, as it was sent
  size INTEGER NOT NULL,
  -- whether body is all of it, but for the masks
  complete INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  repeated INTEGER NOT NULL,
  ignored INTEGER NOT NULL,
  rejected INTEGER NOT NULL,
  -- JSON: some of the signals that were repeats
  repeats TEXT,
  warnings TEXT,
  problems TEXT,
  replay_of INTEGER,
  -- the integration, when this row is its sample of repeats
  sample_of INTEGER
) STRICT;
CREATE INDEX request_received ON request (received_at);
CREATE INDEX request_integration ON request (integration_id, received_at);
CREATE UNIQUE INDEX request_sample ON request (sample_of) WHERE sample_of IS NOT NULL;
CREATE INDEX request_rejected ON request (received_at) WHERE rejected > 0;

ALTER TABLE signal ADD COLUMN request_id INTEGER;
CREATE INDEX signal_request ON signal (request_id) WHERE request_id IS NOT NULL;
