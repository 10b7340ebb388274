-- In the order in which they are asked for: a planner that knows nothing of the table yet would
-- read all signals from the first on rather than sort those of one request.
DROP INDEX signal_request;
CREATE INDEX signal_request ON signal (request_id, id) WHERE request_id IS NOT NULL;
CREATE INDEX request_replay ON request (replay_of, id) WHERE replay_of IS NOT NULL;
