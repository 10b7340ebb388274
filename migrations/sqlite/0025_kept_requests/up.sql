-- Statements that senders number, and may deliver twice: the second is no new one.
CREATE TABLE delivery (
  integration_id INTEGER NOT NULL REFERENCES integration (id) ON DELETE CASCADE,
  -- 16 bytes of a hash over the number and what was said
  id BLOB NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (integration_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_at ON delivery (at);

-- Not one repeat of an integration stands there as a sample of all, but one of each second.
DROP INDEX request_sample;
CREATE INDEX request_sample ON request (sample_of, received_at) WHERE sample_of IS NOT NULL;
