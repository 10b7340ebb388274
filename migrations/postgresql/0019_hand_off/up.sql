-- Channels that are told of a schedule's hand-offs (PAGING.md 5.8).
CREATE TABLE schedule_channel (
  schedule_id BIGINT NOT NULL PRIMARY KEY REFERENCES schedule (id) ON DELETE CASCADE,
  channel_id BIGINT NOT NULL REFERENCES channel (id)
);

-- What was told, so that it is told once.
CREATE TABLE hand_off_notice (
  schedule_id BIGINT NOT NULL REFERENCES schedule (id) ON DELETE CASCADE,
  at BIGINT NOT NULL,
  notification_id BIGINT NOT NULL,
  made_at BIGINT NOT NULL,
  PRIMARY KEY (schedule_id, at)
);
CREATE INDEX hand_off_notice_at ON hand_off_notice (at);
