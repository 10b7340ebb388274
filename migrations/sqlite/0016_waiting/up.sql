-- since when it has waited for others, or travelled as part of one
ALTER TABLE notification ADD COLUMN waits_since INTEGER;
