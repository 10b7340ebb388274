CREATE TABLE users (
  id INTEGER NOT NULL PRIMARY KEY,
  -- stored in lower case
  email TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  zone TEXT NOT NULL,
  password_hash TEXT,
  disabled_at INTEGER,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE team (
  id INTEGER NOT NULL PRIMARY KEY,
  slug TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE team_member (
  team_id INTEGER NOT NULL REFERENCES team (id) ON DELETE CASCADE,
  user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  PRIMARY KEY (team_id, user_id)
) STRICT;

CREATE TABLE contact_method (
  id INTEGER NOT NULL PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  address TEXT NOT NULL,
  verified_at INTEGER,
  broken_reason TEXT,
  created_at INTEGER NOT NULL,
  UNIQUE (user_id, kind, address)
) STRICT;
CREATE INDEX contact_method_address ON contact_method (address);

CREATE TABLE contact_verification (
  method_id INTEGER NOT NULL PRIMARY KEY REFERENCES contact_method (id) ON DELETE CASCADE,
  code_hash BLOB NOT NULL,
  sent_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  tries INTEGER NOT NULL
) STRICT;

CREATE TABLE notification_rule (
  id INTEGER NOT NULL PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  urgency TEXT NOT NULL,
  position INTEGER NOT NULL,
  method_id INTEGER NOT NULL REFERENCES contact_method (id) ON DELETE CASCADE,
  -- microseconds
  delay INTEGER NOT NULL
) STRICT;
CREATE INDEX notification_rule_user ON notification_rule (user_id);

CREATE TABLE session (
  token_hash BLOB NOT NULL PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  user_agent TEXT NOT NULL
) STRICT;
CREATE INDEX session_of_user ON session (user_id);
CREATE INDEX session_expires ON session (expires_at);

-- Failed sign-ins per account and per address.
CREATE TABLE sign_in_throttle (
  key TEXT NOT NULL PRIMARY KEY,
  failures INTEGER NOT NULL,
  last_failure_at INTEGER NOT NULL,
  blocked_until INTEGER NOT NULL
) STRICT;

CREATE TABLE api_token (
  id INTEGER NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  token_hash BLOB NOT NULL UNIQUE,
  hint TEXT NOT NULL,
  role TEXT NOT NULL,
  created_by INTEGER,
  created_at INTEGER NOT NULL,
  last_used_at INTEGER,
  revoked_at INTEGER
) STRICT;
