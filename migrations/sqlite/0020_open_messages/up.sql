-- What a message looks for before it leaves: others to the same address that have not arrived yet.
-- Without it everything that was ever sent there was read.
CREATE INDEX notification_open ON notification (user_id, channel, address, first_attempt_at)
  WHERE state = 'planned' OR state = 'sending';
