DROP TABLE digest;
ALTER TABLE shift_wish DROP COLUMN digest;
