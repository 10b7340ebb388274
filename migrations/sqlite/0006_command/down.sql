DROP TABLE action_item;
DROP TABLE postmortem_revision;
DROP TABLE postmortem_section;
DROP TABLE postmortem;
DROP TABLE status_update;
DROP TABLE handover;
DROP TABLE role_holding;
