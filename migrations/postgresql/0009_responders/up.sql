-- People who were asked by name to help with an incident, and what they said.
CREATE TABLE responder (
  id BIGINT NOT NULL PRIMARY KEY,
  incident_id BIGINT NOT NULL REFERENCES incident (id),
  user_id BIGINT NOT NULL REFERENCES users (id),
  page_id BIGINT NOT NULL REFERENCES page (id),
  asked_by BIGINT,
  asked_at BIGINT NOT NULL,
  message TEXT NOT NULL,
  -- asked, accepted, declined, ended
  state TEXT NOT NULL,
  -- why it was declined
  reason TEXT NOT NULL,
  answered_at BIGINT
);
CREATE UNIQUE INDEX responder_open ON responder (incident_id, user_id) WHERE state = 'asked';
CREATE INDEX responder_incident ON responder (incident_id, asked_at);

-- Whether a person who was paged hears that another has answered (PAGING.md 6.9).
ALTER TABLE users ADD COLUMN hears_answers BOOLEAN NOT NULL DEFAULT TRUE;
