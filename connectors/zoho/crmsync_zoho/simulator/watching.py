"""Requests about watch channels: `/actions/watch`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from crmsync.sandbox import SimResponse
from crmsync_zoho.simulator.answers import (
    Refused,
    Row,
    invalid,
    missing_parameter,
    nothing,
    ok,
    page_info,
    rows_answer,
    wrong_method,
)
from crmsync_zoho.simulator.call import Call
from crmsync_zoho.simulator.channels import Channel, Channels
from crmsync_zoho.simulator.instants import DAY_S, read_iso
from crmsync_zoho.simulator.org import Org

CHANNELS_MAX, CONDITION_MAX = 50, 10
URL_MAX, TOKEN_MAX = 255, 50
LONGEST_S, USUAL_S = 7 * DAY_S, 3_600
_EVENT = re.compile(r"(\w+)\.(create|edit|delete|all)")


class Watching:
    """Subscribes, renews, lists and ends channels."""

    def __init__(self, org: Org, channels: Channels) -> None:
        self._org, self._channels = org, channels

    def answer(self, call: Call) -> SimResponse:
        match call.method:
            case "POST":
                return self._each(call, self._subscribe, 201)
            case "PUT":
                return self._each(call, self._replace, 200)
            case "PATCH":
                return self._each(call, self._change, 200)
            case "GET":
                return self._list(call)
            case "DELETE":
                return self._end(call)
        raise wrong_method()

    def _each(self, call: Call, do: Callable[[Mapping[str, Any], str], Row], done: int) -> SimResponse:
        given = call.json().get("watch")
        if not isinstance(given, list) or not given:
            raise Refused(400, "MANDATORY_NOT_FOUND", "required field not found", {"api_name": "watch"})
        if len(given) > CHANNELS_MAX:
            raise Refused(400, "LIMIT_EXCEEDED", "too many channels", {"limit": CHANNELS_MAX, "api_name": "watch"})
        rows = [self._row(do, entry, f"$.watch[{place}]") for place, entry in enumerate(given)]
        return rows_answer(rows, done, self._org.switches.partial_status, "watch")

    def _row(self, do: Callable[[Mapping[str, Any], str], Row], entry: Any, path: str) -> Row:
        try:
            if not isinstance(entry, dict):
                raise invalid(expected_data_type="jsonobject", json_path=path)
            return do(entry, path)
        except Refused as refused:
            return refused.body

    def _subscribe(self, entry: Mapping[str, Any], path: str) -> Row:
        for name in ("channel_id", "events", "notify_url"):
            if not entry.get(name):
                details = {"api_name": name, "json_path": f"{path}.{name}"}
                raise Refused(400, "MANDATORY_NOT_FOUND", "required field not found", details)
        channel = Channel(_channel_id(entry, path), "", [], self._org.now_s + USUAL_S)
        self._fill(channel, entry, path, renew=True)
        self._channels.put(channel)
        return self._done(channel, "Successfully subscribed for actions-watch of the given module")

    def _replace(self, entry: Mapping[str, Any], path: str) -> Row:
        self._there(entry, path)
        self._subscribe(entry, path)
        channel = self._there(entry, path)
        return self._done(channel, "Successfully updated the subscription of actions-watch")

    def _change(self, entry: Mapping[str, Any], path: str) -> Row:
        channel = self._there(entry, path)
        if entry.get("_delete_events") is True:
            dropped = self._events(entry, path)
            channel.events = [event for event in channel.events if event not in dropped]
            if not channel.events:
                self._channels.remove(channel.id)
        else:
            self._fill(channel, entry, path, renew="channel_expiry" in entry)
        return self._done(channel, "Successfully updated the subscription of actions-watch")

    def _fill(self, channel: Channel, entry: Mapping[str, Any], path: str, *, renew: bool) -> None:
        """Take over what an entry says."""
        if "events" in entry:
            channel.events = self._events(entry, path)
        if "notify_url" in entry:
            channel.url = _short(entry, "notify_url", URL_MAX, path)
            if not re.match(r"https?://\S+$", channel.url):
                raise invalid("invalid url", api_name="notify_url", json_path=f"{path}.notify_url")
        if entry.get("token") is not None:
            channel.token = _short(entry, "token", TOKEN_MAX, path)
        channel.values = bool(entry.get("return_affected_field_values", channel.values))
        channel.related = bool(entry.get("notify_on_related_action", channel.related))
        if "notification_condition" in entry:
            channel.condition = entry["notification_condition"]
            channel.fields = _condition(entry["notification_condition"], path)
        if renew:
            channel.expires_s = self._expiry(entry, path)

    def _expiry(self, entry: Mapping[str, Any], path: str) -> int:
        """When a channel ends: as it says, if that is within a week."""
        given, now_s = entry.get("channel_expiry"), self._org.now_s
        if given is None:
            return now_s + USUAL_S
        moment = read_iso(given) if isinstance(given, str) else None
        if moment is None or moment <= now_s:
            details = {"api_name": "channel_expiry", "json_path": f"{path}.channel_expiry"}
            raise invalid("invalid data", expected_data_type="datetime", **details)
        return moment if moment <= now_s + LONGEST_S else now_s + USUAL_S

    def _events(self, entry: Mapping[str, Any], path: str) -> list[str]:
        events = entry.get("events")
        if not isinstance(events, list) or not events:
            raise invalid(expected_data_type="jsonarray", api_name="events", json_path=f"{path}.events")
        for place, event in enumerate(events):
            found = _EVENT.fullmatch(str(event))
            if found is None or found[1] not in self._org.shelves:
                raise invalid("invalid event", api_name="events", json_path=f"{path}.events[{place}]")
        return [str(event) for event in events]

    def _there(self, entry: Mapping[str, Any], path: str) -> Channel:
        channel = self._channels.get(_channel_id(entry, path))
        if channel is None:
            raise _not_subscribed(str(entry.get("channel_id")))
        return channel

    def _done(self, channel: Channel, message: str) -> Row:
        events = [self._event(channel, module) for module in channel.modules]
        return {"code": "SUCCESS", "details": {"events": events}, "message": message, "status": "success"}

    def _event(self, channel: Channel, module: str) -> Row:
        return {"channel_expiry": self._org.zone.iso(channel.expires_s), **self._resource(channel, module)}

    def _resource(self, channel: Channel, module: str) -> Row:
        return {
            "resource_uri": f"https://www.zohoapis.com/crm/v8/{module}",
            "resource_id": self._org.module_id(module),
            "resource_name": module,
            "channel_id": channel.id,
        }

    def _list(self, call: Call) -> SimResponse:
        per_page, number = call.number("per_page", 200, 200), call.number("page", 1, 10**8)
        found = [
            (channel, module)
            for channel in self._channels.all()
            for module in channel.modules
            if call.one("channel_id", channel.id) == channel.id and call.one("module", module) == module
        ]
        shown = found[(number - 1) * per_page : number * per_page]
        if not shown:
            return nothing()
        info = page_info(per_page, len(shown), number, more=number * per_page < len(found))
        return ok({"watch": [self._listed(channel, module) for channel, module in shown], "info": info})

    def _listed(self, channel: Channel, module: str) -> Row:
        return {
            **self._event(channel, module),
            "notify_on_related_action": channel.related,
            "return_affected_field_values": channel.values,
            "notify_url": channel.url,
            "fields": None,
            "notification_condition": channel.condition,
            "events": [event for event in channel.events if event.startswith(f"{module}.")],
            "token": channel.token,
        }

    def _end(self, call: Call) -> SimResponse:
        ids = call.many("channel_ids")
        if not ids:
            raise missing_parameter("channel_ids")
        rows = []
        for channel_id in ids:
            channel = self._channels.get(channel_id)
            if channel is None:
                rows.append(_not_subscribed(channel_id).body)
                continue
            self._channels.remove(channel_id)
            details = self._resource(channel, channel.modules[0])
            del details["resource_name"]
            message = "Successfully un-subscribed from actions-watch"
            rows.append({"code": "SUCCESS", "details": details, "message": message, "status": "success"})
        return rows_answer(rows, 200, self._org.switches.partial_status, "watch")


def _channel_id(entry: Mapping[str, Any], path: str) -> str:
    """A number that the caller chose, as a text."""
    given = str(entry.get("channel_id", ""))
    if not re.fullmatch(r"[1-9]\d{0,18}", given):
        details = {"api_name": "channel_id", "json_path": f"{path}.channel_id"}
        raise invalid("invalid data", expected_data_type="long", **details)
    return given


def _short(entry: Mapping[str, Any], name: str, most: int, path: str) -> str:
    if not isinstance(entry[name], str) or len(entry[name]) > most:
        raise invalid("invalid data", maximum_length=most, api_name=name, json_path=f"{path}.{name}")
    return str(entry[name])


def _condition(given: Any, path: str) -> dict[str, tuple[str, set[str]]]:
    """Module -> how its fields are joined, and which they are."""
    found = {}
    try:
        for entry in given or ():
            selection = entry["field_selection"]
            group = selection.get("group") or [selection]
            names = {each["field"]["api_name"] for each in group}
            found[entry["module"]["api_name"]] = (str(selection.get("group_operator") or "or"), names)
    except (TypeError, KeyError, AttributeError):
        raise invalid(api_name="notification_condition", json_path=f"{path}.notification_condition") from None
    if any(len(names) > CONDITION_MAX for _, names in found.values()):
        details = {"limit": CONDITION_MAX, "api_name": "notification_condition"}
        raise Refused(400, "LIMIT_EXCEEDED", "too many fields in the condition", details)
    return found


def _not_subscribed(channel_id: str) -> Refused:
    return Refused(400, "NOT_SUBSCRIBED", "the channel is not subscribed", {"channel_id": channel_id})
