-- Jobs and machines that are to be heard of regularly (PAGING.md 7).
CREATE TABLE heartbeat (
  id INTEGER NOT NULL PRIMARY KEY,
  -- whose alert it opens
  integration_id INTEGER NOT NULL REFERENCES integration (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  -- spans in microseconds
  interval INTEGER NOT NULL,
  grace INTEGER NOT NULL,
  -- null: a run may last until the next ping is due
  longest_run INTEGER,
  severity TEXT NOT NULL,
  message TEXT,
  -- JSON array of texts
  tags TEXT NOT NULL,
  -- expired, failed, healthy, paused, waiting
  state TEXT NOT NULL,
  last_ping INTEGER,
  heard_at INTEGER,
  running_since INTEGER,
  -- when it expires unless it is heard of
  due_at INTEGER,
  -- the grace after an outage of our own
  grace_since INTEGER,
  grace_used INTEGER NOT NULL,
  key_version INTEGER NOT NULL,
  -- JSON: the newest events
  history TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  UNIQUE (integration_id, name)
) STRICT;
CREATE INDEX heartbeat_due ON heartbeat (due_at) WHERE due_at IS NOT NULL;
