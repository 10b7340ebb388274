DROP INDEX notification_channel;
ALTER TABLE notification DROP COLUMN channel_id;
DROP TABLE channel;
