-- Jobs and machines that are to be heard of regularly (PAGING.md 7).
CREATE TABLE heartbeat (
  id BIGINT NOT NULL PRIMARY KEY,
  -- whose alert it opens
  integration_id BIGINT NOT NULL REFERENCES integration (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  -- spans in microseconds
  "interval" BIGINT NOT NULL,
  grace BIGINT NOT NULL,
  -- null: a run may last until the next ping is due
  longest_run BIGINT,
  severity TEXT NOT NULL,
  message TEXT,
  -- JSON array of texts
  tags TEXT NOT NULL,
  -- expired, failed, healthy, paused, waiting
  state TEXT NOT NULL,
  last_ping BIGINT,
  heard_at BIGINT,
  running_since BIGINT,
  -- when it expires unless it is heard of
  due_at BIGINT,
  -- the grace after an outage of our own
  grace_since BIGINT,
  grace_used BIGINT NOT NULL,
  key_version BIGINT NOT NULL,
  -- JSON: the newest events
  history TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  UNIQUE (integration_id, name)
);
CREATE INDEX heartbeat_due ON heartbeat (due_at) WHERE due_at IS NOT NULL;
