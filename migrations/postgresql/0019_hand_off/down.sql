DROP TABLE hand_off_notice;
DROP TABLE schedule_channel;
