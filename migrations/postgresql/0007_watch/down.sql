ALTER TABLE schedule_override DROP COLUMN instead_of;
ALTER TABLE schedule_override DROP COLUMN swap_id;
DROP TABLE swap_request;
DROP TABLE temporary_schedule;
DROP TABLE holiday_calendar;
