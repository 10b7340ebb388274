-- What was not understood of some integrations: after a storm they have very many requests, and few
-- of these.
CREATE INDEX request_rejected_of ON request (integration_id, received_at) WHERE rejected > 0;

-- The alerts of an integration, newest first, also of one that has none.
CREATE INDEX alert_integration ON alert (integration_id);
