CREATE TABLE users (
  id BIGINT NOT NULL PRIMARY KEY,
  -- stored in lower case
  email TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  zone TEXT NOT NULL,
  password_hash TEXT,
  disabled_at BIGINT,
  created_at BIGINT NOT NULL
);

CREATE TABLE team (
  id BIGINT NOT NULL PRIMARY KEY,
  slug TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE team_member (
  team_id BIGINT NOT NULL REFERENCES team (id) ON DELETE CASCADE,
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  PRIMARY KEY (team_id, user_id)
);

CREATE TABLE contact_method (
  id BIGINT NOT NULL PRIMARY KEY,
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  address TEXT NOT NULL,
  verified_at BIGINT,
  broken_reason TEXT,
  created_at BIGINT NOT NULL,
  UNIQUE (user_id, kind, address)
);
CREATE INDEX contact_method_address ON contact_method (address);

CREATE TABLE contact_verification (
  method_id BIGINT NOT NULL PRIMARY KEY REFERENCES contact_method (id) ON DELETE CASCADE,
  code_hash BYTEA NOT NULL,
  sent_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  tries BIGINT NOT NULL
);

CREATE TABLE notification_rule (
  id BIGINT NOT NULL PRIMARY KEY,
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  urgency TEXT NOT NULL,
  position BIGINT NOT NULL,
  method_id BIGINT NOT NULL REFERENCES contact_method (id) ON DELETE CASCADE,
  -- microseconds
  delay BIGINT NOT NULL
);
CREATE INDEX notification_rule_user ON notification_rule (user_id);

CREATE TABLE session (
  token_hash BYTEA NOT NULL PRIMARY KEY,
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  user_agent TEXT NOT NULL
);
CREATE INDEX session_of_user ON session (user_id);
CREATE INDEX session_expires ON session (expires_at);

-- Failed sign-ins per account and per address.
CREATE TABLE sign_in_throttle (
  key TEXT NOT NULL PRIMARY KEY,
  failures BIGINT NOT NULL,
  last_failure_at BIGINT NOT NULL,
  blocked_until BIGINT NOT NULL
);

CREATE TABLE api_token (
  id BIGINT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  token_hash BYTEA NOT NULL UNIQUE,
  hint TEXT NOT NULL,
  role TEXT NOT NULL,
  created_by BIGINT,
  created_at BIGINT NOT NULL,
  last_used_at BIGINT,
  revoked_at BIGINT
);
