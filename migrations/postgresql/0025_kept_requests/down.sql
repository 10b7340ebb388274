DROP INDEX request_sample;
DELETE FROM request WHERE sample_of IS NOT NULL AND EXISTS (
  SELECT 1 FROM request AS newer
  WHERE newer.sample_of = request.sample_of
    AND (newer.received_at, newer.id) > (request.received_at, request.id)
);
CREATE UNIQUE INDEX request_sample ON request (sample_of) WHERE sample_of IS NOT NULL;
DROP TABLE delivery;
