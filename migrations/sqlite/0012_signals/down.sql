DROP INDEX signal_request;
ALTER TABLE signal DROP COLUMN request_id;
DROP TABLE request;
