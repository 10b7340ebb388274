DROP TABLE change_event;
