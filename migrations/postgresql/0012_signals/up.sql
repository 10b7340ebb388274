-- What monitors sent, with every secret masked. A request of repeats only is counted; the newest of
-- each integration stands here as a sample, one row that is written over.
CREATE TABLE request (
  id BIGINT NOT NULL PRIMARY KEY,
  integration_id BIGINT NOT NULL REFERENCES integration (id),
  received_at BIGINT NOT NULL,
  -- who read it: a format's word, or the name of an API
  format TEXT NOT NULL,
  method TEXT NOT NULL,
  path TEXT NOT NULL,
  -- JSON: pairs of name and value
  headers TEXT NOT NULL,
  body TEXT NOT NULL,
  -- in bytes, as it was sent
  size BIGINT NOT NULL,
  -- whether body is all of it, but for the masks
  complete BOOLEAN NOT NULL,
  changed BIGINT NOT NULL,
  repeated BIGINT NOT NULL,
  ignored BIGINT NOT NULL,
  rejected BIGINT NOT NULL,
  -- JSON: some of the signals that were repeats
  repeats TEXT,
  warnings TEXT,
  problems TEXT,
  replay_of BIGINT,
  -- the integration, when this row is its sample of repeats
  sample_of BIGINT
);
CREATE INDEX request_received ON request (received_at);
CREATE INDEX request_integration ON request (integration_id, received_at);
CREATE UNIQUE INDEX request_sample ON request (sample_of) WHERE sample_of IS NOT NULL;
CREATE INDEX request_rejected ON request (received_at) WHERE rejected > 0;

ALTER TABLE signal ADD COLUMN request_id BIGINT;
CREATE INDEX signal_request ON signal (request_id) WHERE request_id IS NOT NULL;
