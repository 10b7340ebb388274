-- At which minute of their day people get the morning digest; null: never.
ALTER TABLE shift_wish ADD COLUMN digest INTEGER DEFAULT 540;

-- The last morning that each person's digest was seen to, whether it had anything to say or not.
CREATE TABLE digest (
  user_id INTEGER NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  at INTEGER NOT NULL
) STRICT;
