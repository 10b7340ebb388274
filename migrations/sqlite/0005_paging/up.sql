CREATE TABLE escalation_run (
  id INTEGER NOT NULL PRIMARY KEY,
  incident_id INTEGER NOT NULL REFERENCES incident (id),
  policy_id INTEGER,
  policy_version INTEGER NOT NULL,
  state TEXT NOT NULL,
  cycle INTEGER NOT NULL,
  next_step INTEGER NOT NULL,
  executions INTEGER NOT NULL,
  due_at INTEGER,
  round_robin INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  stopped_at INTEGER,
  -- JSON: targets and people of the last executed step
  watching TEXT NOT NULL,
  paged_now TEXT NOT NULL,
  -- index of the last executed step
  last_step INTEGER,
  -- when to look again at who is on call
  recheck_at INTEGER
) STRICT;
CREATE UNIQUE INDEX escalation_run_live ON escalation_run (incident_id) WHERE state <> 'stopped';
CREATE INDEX escalation_run_incident ON escalation_run (incident_id);

-- The primary key is the fence of PAGING.md 4.11: one execution per number and run.
CREATE TABLE step_execution (
  run_id INTEGER NOT NULL REFERENCES escalation_run (id),
  number INTEGER NOT NULL,
  cycle INTEGER NOT NULL,
  -- index of the step; null is the last resort
  step INTEGER,
  due_at INTEGER NOT NULL,
  executed_at INTEGER NOT NULL,
  skipped TEXT,
  paged TEXT NOT NULL,
  PRIMARY KEY (run_id, number)
) STRICT;

CREATE TABLE timer (
  id INTEGER NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  incident_id INTEGER NOT NULL REFERENCES incident (id),
  -- the run, incident or hand-over it is about
  subject_id INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  UNIQUE (kind, subject_id)
) STRICT;
CREATE INDEX timer_due ON timer (due_at);
CREATE INDEX timer_incident ON timer (incident_id);

CREATE TABLE page (
  id INTEGER NOT NULL PRIMARY KEY,
  incident_id INTEGER NOT NULL REFERENCES incident (id),
  run_id INTEGER REFERENCES escalation_run (id),
  execution INTEGER,
  user_id INTEGER NOT NULL REFERENCES users (id),
  urgency TEXT NOT NULL,
  cause TEXT NOT NULL,
  reason TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX page_once ON page (run_id, execution, user_id, cause);
CREATE INDEX page_incident ON page (incident_id, created_at);
CREATE INDEX page_user ON page (user_id, created_at);

-- The outbox.
CREATE TABLE notification (
  id INTEGER NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  user_id INTEGER REFERENCES users (id),
  -- no reference: the method may be removed, the record stays
  method_id INTEGER,
  channel TEXT NOT NULL,
  address TEXT NOT NULL,
  urgency TEXT NOT NULL,
  incident_id INTEGER REFERENCES incident (id),
  page_id INTEGER REFERENCES page (id),
  -- the notification that carried this one as part of a bundle
  bundle_id INTEGER,
  reply_code TEXT,
  subject TEXT NOT NULL,
  body TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  -- when it is to be sent, or tried again
  due_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  first_attempt_at INTEGER,
  claimed_by TEXT,
  lease_until INTEGER,
  -- rises with each claim; a result of an older claim is refused
  fence INTEGER NOT NULL,
  provider_id TEXT,
  last_error TEXT,
  accepted_at INTEGER,
  delivered_at INTEGER,
  answered_at INTEGER
) STRICT;
CREATE INDEX notification_due ON notification (due_at) WHERE state = 'planned';
CREATE INDEX notification_lease ON notification (lease_until) WHERE state = 'sending';
CREATE INDEX notification_incident ON notification (incident_id);
CREATE INDEX notification_page ON notification (page_id);
CREATE INDEX notification_created ON notification (created_at);
CREATE INDEX notification_bundle ON notification (user_id, channel, address, accepted_at);
CREATE INDEX notification_carried ON notification (bundle_id) WHERE bundle_id IS NOT NULL;
CREATE INDEX notification_provider ON notification (provider_id) WHERE provider_id IS NOT NULL;

-- What a provider said afterwards; append-only.
CREATE TABLE receipt (
  id INTEGER NOT NULL PRIMARY KEY,
  notification_id INTEGER NOT NULL REFERENCES notification (id),
  received_at INTEGER NOT NULL,
  provider_status TEXT NOT NULL,
  error_code TEXT
) STRICT;
CREATE INDEX receipt_notification ON receipt (notification_id);

-- Codes are per phone and reused only once closed (PAGING.md 6.8).
CREATE TABLE reply_code (
  notification_id INTEGER NOT NULL PRIMARY KEY REFERENCES notification (id),
  address TEXT NOT NULL,
  code TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  closed_at INTEGER
) STRICT;
CREATE INDEX reply_code_address ON reply_code (address, created_at);
CREATE UNIQUE INDEX reply_code_open ON reply_code (address, code) WHERE closed_at IS NULL;

-- How many helpful answers a phone got to codes nobody knows (at most 5, PAGING.md 6.8).
CREATE TABLE unknown_reply (
  address TEXT NOT NULL PRIMARY KEY,
  answers INTEGER NOT NULL,
  last_at INTEGER NOT NULL
) STRICT;

-- Provider messages seen, so that a repeated webhook acts once.
CREATE TABLE inbound_message (
  provider_id TEXT NOT NULL PRIMARY KEY,
  received_at INTEGER NOT NULL,
  reply TEXT NOT NULL
) STRICT;
