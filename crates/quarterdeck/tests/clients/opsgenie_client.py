"""Opsgenie's own client, told nothing but another host. Arguments: address, key."""
import json
import sys
from datetime import datetime, timedelta, timezone

import opsgenie_sdk

host, key = sys.argv[1:3]
configuration = opsgenie_sdk.Configuration()
configuration.host = host
configuration.api_key["Authorization"] = key
api = opsgenie_sdk.AlertApi(opsgenie_sdk.ApiClient(configuration))
told = {}


def status(reply):
    return api.get_request_status(request_id=reply.request_id).data


alias = "al/1"
by_alias = {"identifier": alias, "identifier_type": "alias"}
created = api.create_alert(opsgenie_sdk.CreateAlertPayload(
    message="Queue is stuck", alias=alias, description="Since noon", priority="P2",
    tags=["queue"], details={"host": "mq1"}, entity="mq", source="script", user="zed", note="hello",
    responders=[{"type": "team", "name": "ops"}], actions=["Restart"],
))
told["result"] = created.result
told["created"] = [status(created).is_success, status(created).action, status(created).alias]
alert = api.get_alert(**by_alias).data
told["alert"] = [alert.message, alert.status, alert.priority, alert.tags, alert.details, alert.entity]
told["by id"] = api.get_alert(identifier=alert.id, identifier_type="id").data.alias
told["by tiny id"] = api.get_alert(identifier=alert.tiny_id, identifier_type="tiny").data.alias

api.add_tags(identifier=alias, identifier_type="alias",
             add_tags_to_alert_payload=opsgenie_sdk.AddTagsToAlertPayload(tags=["a", "b"]))
api.remove_tags(identifier=alias, identifier_type="alias", tags=["a", "queue"])
api.add_details(identifier=alias, identifier_type="alias",
                add_details_to_alert_payload=opsgenie_sdk.AddDetailsToAlertPayload(details={"k": "v"}))
api.remove_details(identifier=alias, identifier_type="alias", keys=["host"])
api.add_note(identifier=alias, identifier_type="alias",
             add_note_to_alert_payload=opsgenie_sdk.AddNoteToAlertPayload(note="looking", user="zed"))
api.update_alert_message(identifier=alias, identifier_type="alias",
                         update_alert_message_payload=opsgenie_sdk.UpdateAlertMessagePayload(message="Queue moves"))
api.update_alert_description(
    identifier=alias, identifier_type="alias",
    update_alert_description_payload=opsgenie_sdk.UpdateAlertDescriptionPayload(description="Slowly"))
api.update_alert_priority(identifier=alias, identifier_type="alias",
                          update_alert_priority_payload=opsgenie_sdk.UpdateAlertPriorityPayload(priority="P1"))
api.execute_custom_alert_action(identifier=alias, identifier_type="alias", action_name="Restart",
                                execute_custom_alert_action_payload=opsgenie_sdk.ExecuteCustomAlertActionPayload())
alert = api.get_alert(**by_alias).data
told["edited"] = [alert.message, alert.description, alert.priority, alert.tags, alert.details, alert.count]
told["notes"] = [note.note for note in api.list_notes(identifier=alias, identifier_type="alias").data]
told["logs"] = len(api.list_logs(identifier=alias, identifier_type="alias").data) > 3
told["recipients"] = [one.user.username for one in api.list_recipients(identifier=alias, identifier_type="alias").data]

api.acknowledge_alert(identifier=alias, identifier_type="alias",
                      acknowledge_alert_payload=opsgenie_sdk.AcknowledgeAlertPayload(note="mine"))
told["acknowledged"] = api.get_alert(**by_alias).data.acknowledged
api.un_acknowledge_alert(identifier=alias, identifier_type="alias",
                         un_acknowledge_alert_payload=opsgenie_sdk.UnAcknowledgeAlertPayload())
told["unacknowledged"] = api.get_alert(**by_alias).data.acknowledged
end = datetime.now(timezone.utc) + timedelta(hours=1)
api.snooze_alert(identifier=alias, identifier_type="alias",
                 snooze_alert_payload=opsgenie_sdk.SnoozeAlertPayload(end_time=end))
told["snoozed"] = api.get_alert(**by_alias).data.snoozed
api.escalate_alert(identifier=alias, identifier_type="alias",
                   escalate_alert_to_next_payload=opsgenie_sdk.EscalateAlertToNextPayload(
                       escalation={"name": "Checkout", "type": "escalation", "id": "1"}))
api.assign_alert(identifier=alias, identifier_type="alias",
                 assign_alert_payload=opsgenie_sdk.AssignAlertPayload(
                     owner={"username": "bo@example.com", "type": "user"}))
told["listed"] = [one.alias for one in api.list_alerts(query="status: open").data]
told["counted"] = api.count_alerts(query="status: open").data.count

closed = api.close_alert(identifier=alias, identifier_type="alias",
                         close_alert_payload=opsgenie_sdk.CloseAlertPayload(user="zed"))
told["closed"] = [status(closed).is_success, api.get_alert(identifier=alert.id, identifier_type="id").data.status]
gone = api.close_alert(identifier="nothing", identifier_type="alias",
                       close_alert_payload=opsgenie_sdk.CloseAlertPayload())
told["of nothing"] = status(gone).is_success
try:
    api.get_alert(identifier="nothing", identifier_type="alias")
except Exception as error:
    told["unknown"] = type(error).__name__

beats = opsgenie_sdk.HeartbeatApi(opsgenie_sdk.ApiClient(configuration))
made = beats.create_heartbeat(opsgenie_sdk.CreateHeartbeatPayload(
    name="nightly/1", interval=10, interval_unit="minutes", enabled=True, description="Copies",
    alert_message="No copy", alert_tags=["db"], alert_priority="P1")).data
told["beat made"] = [made.name, made.enabled, made.expired]
told["pong"] = beats.ping("nightly/1").result
told["pong of nothing"] = beats.ping("nothing").result
beat = beats.get_heartbeat("nightly/1").data
told["beat"] = [beat.interval, beat.interval_unit, beat.description,
                beat.last_ping_time is not None, beat.expired]
beats.update_heartbeat("nightly/1", update_heartbeat_payload=opsgenie_sdk.UpdateHeartbeatPayload(
    interval=2, interval_unit="hours"))
told["beats"] = [[one.name, one.interval, one.interval_unit] for one in beats.list_heart_beats().data.heartbeats]
told["beat off"] = beats.disable_heartbeat("nightly/1").data.enabled
told["beat on"] = beats.enable_heartbeat("nightly/1").data.enabled
beats.delete_heartbeat("nightly/1")
told["beats left"] = len(beats.list_heart_beats().data.heartbeats)
print(json.dumps(told))
