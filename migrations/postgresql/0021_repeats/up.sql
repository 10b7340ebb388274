-- What an alert says, in 16 bytes: a repeat that says the same need not read all of it. Of alerts
-- opened before there is none, and those are read whole.
ALTER TABLE alert ADD COLUMN text_digest BYTEA;

-- Room on each page for what repeats change: no index holds it, and so none need be written.
ALTER TABLE alert SET (fillfactor = 70);
