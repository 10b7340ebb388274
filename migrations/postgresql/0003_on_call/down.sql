DROP TABLE integration_traffic;
DROP TABLE integration;
DROP TABLE service;
DROP TABLE policy_version;
DROP TABLE policy;
DROP TABLE schedule_override;
DROP TABLE schedule_version;
DROP TABLE schedule;
