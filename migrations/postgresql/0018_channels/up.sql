-- Channels: places that are told of incidents, and are no persons (PAGING.md 4.1).
CREATE TABLE channel (
  id BIGINT NOT NULL PRIMARY KEY,
  slug TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  team_id BIGINT REFERENCES team (id),
  kind TEXT NOT NULL,
  -- a URL, which is a secret in some kinds, or the mail address of a list
  address TEXT NOT NULL,
  -- what posts are signed with
  secret TEXT,
  -- the one before, which signs as well until then
  old_secret TEXT,
  old_secret_until BIGINT,
  enabled BOOLEAN NOT NULL,
  -- why the last post was given up; null once another was taken
  trouble TEXT,
  created_at BIGINT NOT NULL
);

-- of a post: no reference, since the channel may be removed and the record stays
ALTER TABLE notification ADD COLUMN channel_id BIGINT;
CREATE INDEX notification_channel ON notification (channel_id, id) WHERE channel_id IS NOT NULL;
