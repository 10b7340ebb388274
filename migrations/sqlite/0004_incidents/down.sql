DROP TABLE key_moment;
DROP TABLE timeline_entry;
DROP TABLE signal;
DROP TABLE alert;
DROP TABLE incident;
