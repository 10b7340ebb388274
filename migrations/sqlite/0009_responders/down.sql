ALTER TABLE users DROP COLUMN hears_answers;
DROP TABLE responder;
