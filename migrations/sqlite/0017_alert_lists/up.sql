-- What is held back and what flaps is listed without reading all the others. A repeat writes none of
-- these columns.
CREATE INDEX alert_suppressed ON alert (id) WHERE suppressed IS NOT NULL;
CREATE INDEX alert_flapping ON alert (id)
  WHERE flaps LIKE '%"until":_%' AND flaps NOT LIKE '%"until":null%';
