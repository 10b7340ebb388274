-- Secret addresses under which calendar programs fetch shifts.
CREATE TABLE calendar_feed (
  id BIGINT NOT NULL PRIMARY KEY,
  -- SHA-256; the secret itself is never stored
  token_hash BYTEA NOT NULL UNIQUE,
  hint TEXT NOT NULL,
  -- schedule, person, team
  kind TEXT NOT NULL,
  subject_id BIGINT NOT NULL,
  created_by BIGINT REFERENCES users (id) ON DELETE CASCADE,
  created_at BIGINT NOT NULL,
  fetched_at BIGINT,
  revoked_at BIGINT,
  revoked_by BIGINT
);
CREATE INDEX calendar_feed_subject ON calendar_feed (kind, subject_id);

-- Calendars elsewhere that give shifts to a schedule.
CREATE TABLE calendar_import (
  id BIGINT NOT NULL PRIMARY KEY,
  schedule_id BIGINT NOT NULL REFERENCES schedule (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  place TEXT NOT NULL,
  -- null: a file that was handed in
  url TEXT,
  -- of the last edition that changed something
  version BIGINT NOT NULL,
  -- when the address is to be fetched next; moved on by whoever fetches
  due_at BIGINT,
  tried_at BIGINT,
  good_at BIGINT,
  failure TEXT,
  -- in a row
  failures BIGINT NOT NULL,
  -- JSON array of sentences about the last good edition
  warnings TEXT NOT NULL,
  created_by BIGINT,
  created_at BIGINT NOT NULL,
  removed_by BIGINT,
  removed_at BIGINT
);
CREATE INDEX calendar_import_schedule ON calendar_import (schedule_id);
CREATE INDEX calendar_import_due ON calendar_import (due_at) WHERE due_at IS NOT NULL;

-- Append-only: an edition of the calendar that changed something, from an instant on.
CREATE TABLE calendar_import_version (
  import_id BIGINT NOT NULL REFERENCES calendar_import (id) ON DELETE CASCADE,
  version BIGINT NOT NULL,
  effective_from BIGINT NOT NULL,
  -- SHA-256 of the file
  digest BYTEA NOT NULL,
  added BIGINT NOT NULL,
  withdrawn BIGINT NOT NULL,
  created_by BIGINT,
  PRIMARY KEY (import_id, version)
);

-- A shift counts from its start until its end, or until it was withdrawn.
CREATE TABLE imported_shift (
  id BIGINT NOT NULL PRIMARY KEY,
  import_id BIGINT NOT NULL REFERENCES calendar_import (id) ON DELETE CASCADE,
  version BIGINT NOT NULL,
  start_at BIGINT NOT NULL,
  end_at BIGINT NOT NULL,
  -- JSON array of user ids
  users TEXT NOT NULL,
  withdrawn_at BIGINT
);
CREATE INDEX imported_shift_import ON imported_shift (import_id, start_at);

-- What people want to be told of their shifts; who has no row gets what is usual.
CREATE TABLE shift_wish (
  user_id BIGINT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  -- JSON array of seconds
  leads TEXT NOT NULL,
  hand_off BOOLEAN NOT NULL
);

-- What has been said of a shift; the key keeps it from being said twice.
CREATE TABLE shift_notice (
  kind TEXT NOT NULL,
  schedule_id BIGINT NOT NULL REFERENCES schedule (id) ON DELETE CASCADE,
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  at BIGINT NOT NULL,
  -- microseconds before the shift
  lead BIGINT NOT NULL,
  notification_id BIGINT NOT NULL,
  made_at BIGINT NOT NULL,
  PRIMARY KEY (kind, schedule_id, user_id, at, lead)
);
CREATE INDEX shift_notice_at ON shift_notice (at);
