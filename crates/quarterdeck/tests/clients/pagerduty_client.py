"""PagerDuty's client of long standing, told nothing but another host. Arguments: address, key."""
import json
import sys

import pdpyras

host, key = sys.argv[1:3]
session = pdpyras.EventsAPISession(key)
session.url = host
told = {}
told["fresh"] = len(session.trigger("Disk full", "db1", severity="critical", custom_details={"n": 1}))
told["keyed"] = session.trigger("Disk full", "db1", dedup_key="disk/1", severity="error")
session.acknowledge("disk/1")
told["resolved"] = session.resolve("disk/1")
print(json.dumps(told))
