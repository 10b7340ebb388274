-- Channels: places that are told of incidents, and are no persons (PAGING.md 4.1).
CREATE TABLE channel (
  id INTEGER NOT NULL PRIMARY KEY,
  slug TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  team_id INTEGER REFERENCES team (id),
  kind TEXT NOT NULL,
  -- a URL, which is a secret in some kinds, or the mail address of a list
  address TEXT NOT NULL,
  -- what posts are signed with
  secret TEXT,
  -- the one before, which signs as well until then
  old_secret TEXT,
  old_secret_until INTEGER,
  enabled INTEGER NOT NULL,
  -- why the last post was given up; null once another was taken
  trouble TEXT,
  created_at INTEGER NOT NULL
) STRICT;

-- of a post: no reference, since the channel may be removed and the record stays
ALTER TABLE notification ADD COLUMN channel_id INTEGER;
CREATE INDEX notification_channel ON notification (channel_id, id) WHERE channel_id IS NOT NULL;
