-- People who were asked by name to help with an incident, and what they said.
CREATE TABLE responder (
  id INTEGER NOT NULL PRIMARY KEY,
  incident_id INTEGER NOT NULL REFERENCES incident (id),
  user_id INTEGER NOT NULL REFERENCES users (id),
  page_id INTEGER NOT NULL REFERENCES page (id),
  asked_by INTEGER,
  asked_at INTEGER NOT NULL,
  message TEXT NOT NULL,
  -- asked, accepted, declined, ended
  state TEXT NOT NULL,
  -- why it was declined
  reason TEXT NOT NULL,
  answered_at INTEGER
) STRICT;
CREATE UNIQUE INDEX responder_open ON responder (incident_id, user_id) WHERE state = 'asked';
CREATE INDEX responder_incident ON responder (incident_id, asked_at);

-- Whether a person who was paged hears that another has answered (PAGING.md 6.9).
ALTER TABLE users ADD COLUMN hears_answers INTEGER NOT NULL DEFAULT 1;
