"""PagerDuty's newer client, told nothing but another host. Arguments: address, key."""
import json
import sys

import pagerduty

host, key = sys.argv[1:3]
client = pagerduty.EventsApiV2Client(key)
# It takes https only; the rest of the way is its own.
client._url = host
told = {}
told["fresh"] = len(client.trigger("Disk full", "db1", severity="critical", custom_details={"n": 1}))
told["keyed"] = client.trigger("Disk full", "db1", dedup_key="disk/1", severity="error",
                               images=[{"src": "https://example.com/a.png"}],
                               links=[{"href": "https://example.com", "text": "Graph"}])
client.acknowledge("disk/1")
told["resolved"] = client.resolve("disk/1")
client.send_change_event({"summary": "Deployed 4.2", "source": "ci"},
                         links=[{"href": "https://example.com/1", "text": "Run"}],
                         images=[{"src": "https://example.com/b.png", "alt": "Load"}])
try:
    stranger = pagerduty.EventsApiV2Client("x" * 32)
    stranger._url = host
    stranger.trigger("x", "y")
except pagerduty.HttpError as error:
    told["stranger"] = [error.response.status_code, error.response.text]
print(json.dumps(told))
