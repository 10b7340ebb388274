-- Channels that are told of a schedule's hand-offs (PAGING.md 5.8).
CREATE TABLE schedule_channel (
  schedule_id INTEGER NOT NULL PRIMARY KEY REFERENCES schedule (id) ON DELETE CASCADE,
  channel_id INTEGER NOT NULL REFERENCES channel (id)
) STRICT;

-- What was told, so that it is told once.
CREATE TABLE hand_off_notice (
  schedule_id INTEGER NOT NULL REFERENCES schedule (id) ON DELETE CASCADE,
  at INTEGER NOT NULL,
  notification_id INTEGER NOT NULL,
  made_at INTEGER NOT NULL,
  PRIMARY KEY (schedule_id, at)
) STRICT;
CREATE INDEX hand_off_notice_at ON hand_off_notice (at);
