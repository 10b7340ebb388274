DROP TABLE shift_notice;
DROP TABLE shift_wish;
DROP TABLE imported_shift;
DROP TABLE calendar_import_version;
DROP TABLE calendar_import;
DROP TABLE calendar_feed;
