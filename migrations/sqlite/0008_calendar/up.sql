-- Secret addresses under which calendar programs fetch shifts.
CREATE TABLE calendar_feed (
  id INTEGER NOT NULL PRIMARY KEY,
  -- SHA-256; the secret itself is never stored
  token_hash BLOB NOT NULL UNIQUE,
  hint TEXT NOT NULL,
  -- schedule, person, team
  kind TEXT NOT NULL,
  subject_id INTEGER NOT NULL,
  created_by INTEGER REFERENCES users (id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  fetched_at INTEGER,
  revoked_at INTEGER,
  revoked_by INTEGER
) STRICT;
CREATE INDEX calendar_feed_subject ON calendar_feed (kind, subject_id);

-- Calendars elsewhere that give shifts to a schedule.
CREATE TABLE calendar_import (
  id INTEGER NOT NULL PRIMARY KEY,
  schedule_id INTEGER NOT NULL REFERENCES schedule (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  place TEXT NOT NULL,
  -- null: a file that was handed in
  url TEXT,
  -- of the last edition that changed something
  version INTEGER NOT NULL,
  -- when the address is to be fetched next; moved on by whoever fetches
  due_at INTEGER,
  tried_at INTEGER,
  good_at INTEGER,
  failure TEXT,
  -- in a row
  failures INTEGER NOT NULL,
  -- JSON array of sentences about the last good edition
  warnings TEXT NOT NULL,
  created_by INTEGER,
  created_at INTEGER NOT NULL,
  removed_by INTEGER,
  removed_at INTEGER
) STRICT;
CREATE INDEX calendar_import_schedule ON calendar_import (schedule_id);
CREATE INDEX calendar_import_due ON calendar_import (due_at) WHERE due_at IS NOT NULL;

-- Append-only: an edition of the calendar that changed something, from an instant on.
CREATE TABLE calendar_import_version (
  import_id INTEGER NOT NULL REFERENCES calendar_import (id) ON DELETE CASCADE,
  version INTEGER NOT NULL,
  effective_from INTEGER NOT NULL,
  -- SHA-256 of the file
  digest BLOB NOT NULL,
  added INTEGER NOT NULL,
  withdrawn INTEGER NOT NULL,
  created_by INTEGER,
  PRIMARY KEY (import_id, version)
) STRICT;

-- A shift counts from its start until its end, or until it was withdrawn.
CREATE TABLE imported_shift (
  id INTEGER NOT NULL PRIMARY KEY,
  import_id INTEGER NOT NULL REFERENCES calendar_import (id) ON DELETE CASCADE,
  version INTEGER NOT NULL,
  start_at INTEGER NOT NULL,
  end_at INTEGER NOT NULL,
  -- JSON array of user ids
  users TEXT NOT NULL,
  withdrawn_at INTEGER
) STRICT;
CREATE INDEX imported_shift_import ON imported_shift (import_id, start_at);

-- What people want to be told of their shifts; who has no row gets what is usual.
CREATE TABLE shift_wish (
  user_id INTEGER NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  -- JSON array of seconds
  leads TEXT NOT NULL,
  hand_off INTEGER NOT NULL
) STRICT;

-- What has been said of a shift; the key keeps it from being said twice.
CREATE TABLE shift_notice (
  kind TEXT NOT NULL,
  schedule_id INTEGER NOT NULL REFERENCES schedule (id) ON DELETE CASCADE,
  user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  at INTEGER NOT NULL,
  -- microseconds before the shift
  lead INTEGER NOT NULL,
  notification_id INTEGER NOT NULL,
  made_at INTEGER NOT NULL,
  PRIMARY KEY (kind, schedule_id, user_id, at, lead)
) STRICT;
CREATE INDEX shift_notice_at ON shift_notice (at);
