-- Named lists of days off. What a version of a schedule uses of one is copied into the version.
CREATE TABLE holiday_calendar (
  id INTEGER NOT NULL PRIMARY KEY,
  slug TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  -- JSON array of {date, name}, rising
  days TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

-- A span of a schedule filled by hand.
CREATE TABLE temporary_schedule (
  id INTEGER NOT NULL PRIMARY KEY,
  schedule_id INTEGER NOT NULL REFERENCES schedule (id) ON DELETE CASCADE,
  start_at INTEGER NOT NULL,
  end_at INTEGER NOT NULL,
  -- JSON array of {start, end, users}, rising
  shifts TEXT NOT NULL,
  created_by INTEGER,
  created_at INTEGER NOT NULL,
  removed_by INTEGER,
  removed_at INTEGER
) STRICT;
CREATE INDEX temporary_schedule_span ON temporary_schedule (schedule_id, end_at);

-- Shifts offered to another person. Taking one makes overrides.
CREATE TABLE swap_request (
  id INTEGER NOT NULL PRIMARY KEY,
  schedule_id INTEGER NOT NULL REFERENCES schedule (id) ON DELETE CASCADE,
  giver INTEGER NOT NULL REFERENCES users (id),
  start_at INTEGER NOT NULL,
  end_at INTEGER NOT NULL,
  -- JSON array of {start, end}: when the giver was on call, as it was offered
  held TEXT NOT NULL,
  offered_to INTEGER REFERENCES users (id),
  exchange_start INTEGER,
  exchange_end INTEGER,
  note TEXT NOT NULL,
  state TEXT NOT NULL,
  taken_by INTEGER REFERENCES users (id),
  created_by INTEGER,
  created_at INTEGER NOT NULL,
  closed_by INTEGER,
  closed_at INTEGER
) STRICT;
CREATE INDEX swap_request_schedule ON swap_request (schedule_id, end_at);
CREATE INDEX swap_request_offered ON swap_request (end_at) WHERE state = 'offered';

-- For overrides of kind swap: the request, and whose place is taken.
ALTER TABLE schedule_override ADD COLUMN swap_id INTEGER;
ALTER TABLE schedule_override ADD COLUMN instead_of INTEGER;
