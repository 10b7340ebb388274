DROP INDEX request_replay;
DROP INDEX signal_request;
CREATE INDEX signal_request ON signal (request_id) WHERE request_id IS NOT NULL;
