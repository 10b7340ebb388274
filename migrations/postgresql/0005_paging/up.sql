CREATE TABLE escalation_run (
  id BIGINT NOT NULL PRIMARY KEY,
  incident_id BIGINT NOT NULL REFERENCES incident (id),
  policy_id BIGINT,
  policy_version BIGINT NOT NULL,
  state TEXT NOT NULL,
  cycle BIGINT NOT NULL,
  next_step BIGINT NOT NULL,
  executions BIGINT NOT NULL,
  due_at BIGINT,
  round_robin BIGINT NOT NULL,
  started_at BIGINT NOT NULL,
  stopped_at BIGINT,
  -- JSON: targets and people of the last executed step
  watching TEXT NOT NULL,
  paged_now TEXT NOT NULL,
  -- index of the last executed step
  last_step BIGINT,
  -- when to look again at who is on call
  recheck_at BIGINT
);
CREATE UNIQUE INDEX escalation_run_live ON escalation_run (incident_id) WHERE state <> 'stopped';
CREATE INDEX escalation_run_incident ON escalation_run (incident_id);

-- The primary key is the fence of PAGING.md 4.11: one execution per number and run.
CREATE TABLE step_execution (
  run_id BIGINT NOT NULL REFERENCES escalation_run (id),
  number BIGINT NOT NULL,
  cycle BIGINT NOT NULL,
  -- index of the step; null is the last resort
  step BIGINT,
  due_at BIGINT NOT NULL,
  executed_at BIGINT NOT NULL,
  skipped TEXT,
  paged TEXT NOT NULL,
  PRIMARY KEY (run_id, number)
);

CREATE TABLE timer (
  id BIGINT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  incident_id BIGINT NOT NULL REFERENCES incident (id),
  -- the run, incident or hand-over it is about
  subject_id BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  UNIQUE (kind, subject_id)
);
CREATE INDEX timer_due ON timer (due_at);
CREATE INDEX timer_incident ON timer (incident_id);

CREATE TABLE page (
  id BIGINT NOT NULL PRIMARY KEY,
  incident_id BIGINT NOT NULL REFERENCES incident (id),
  run_id BIGINT REFERENCES escalation_run (id),
  execution BIGINT,
  user_id BIGINT NOT NULL REFERENCES users (id),
  urgency TEXT NOT NULL,
  cause TEXT NOT NULL,
  reason TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX page_once ON page (run_id, execution, user_id, cause);
CREATE INDEX page_incident ON page (incident_id, created_at);
CREATE INDEX page_user ON page (user_id, created_at);

-- The outbox.
CREATE TABLE notification (
  id BIGINT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  user_id BIGINT REFERENCES users (id),
  -- no reference: the method may be removed, the record stays
  method_id BIGINT,
  channel TEXT NOT NULL,
  address TEXT NOT NULL,
  urgency TEXT NOT NULL,
  incident_id BIGINT REFERENCES incident (id),
  page_id BIGINT REFERENCES page (id),
  -- the notification that carried this one as part of a bundle
  bundle_id BIGINT,
  reply_code TEXT,
  subject TEXT NOT NULL,
  body TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  -- when it is to be sent, or tried again
  due_at BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  first_attempt_at BIGINT,
  claimed_by TEXT,
  lease_until BIGINT,
  -- rises with each claim; a result of an older claim is refused
  fence BIGINT NOT NULL,
  provider_id TEXT,
  last_error TEXT,
  accepted_at BIGINT,
  delivered_at BIGINT,
  answered_at BIGINT
);
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
  id BIGINT NOT NULL PRIMARY KEY,
  notification_id BIGINT NOT NULL REFERENCES notification (id),
  received_at BIGINT NOT NULL,
  provider_status TEXT NOT NULL,
  error_code TEXT
);
CREATE INDEX receipt_notification ON receipt (notification_id);

-- Codes are per phone and reused only once closed (PAGING.md 6.8).
CREATE TABLE reply_code (
  notification_id BIGINT NOT NULL PRIMARY KEY REFERENCES notification (id),
  address TEXT NOT NULL,
  code TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  closed_at BIGINT
);
CREATE INDEX reply_code_address ON reply_code (address, created_at);
CREATE UNIQUE INDEX reply_code_open ON reply_code (address, code) WHERE closed_at IS NULL;

-- How many helpful answers a phone got to codes nobody knows (at most 5, PAGING.md 6.8).
CREATE TABLE unknown_reply (
  address TEXT NOT NULL PRIMARY KEY,
  answers BIGINT NOT NULL,
  last_at BIGINT NOT NULL
);

-- Provider messages seen, so that a repeated webhook acts once.
CREATE TABLE inbound_message (
  provider_id TEXT NOT NULL PRIMARY KEY,
  received_at BIGINT NOT NULL,
  reply TEXT NOT NULL
);
