"""Watch channels: who is told of which changes, and until when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crmsync_zoho.simulator.callbacks import Outbox
from crmsync_zoho.simulator.org import Change, Org
from crmsync_zoho.simulator.show import Shows

IDS_MAX = 100  # in one callback
_ACTIONS = {"insert": "create", "update": "edit", "delete": "delete"}


@dataclass(slots=True)
class Channel:
    """One subscription. `events` are texts such as `Contacts.edit` and `Deals.all`."""

    id: str
    url: str
    events: list[str]
    expires_s: int
    token: str | None = None
    values: bool = False  # the values of changed fields are told too
    related: bool = False
    condition: list[Any] | None = None
    fields: dict[str, tuple[str, set[str]]] = field(default_factory=dict)  # module -> and/or, fields that matter

    @property
    def modules(self) -> list[str]:
        return list(dict.fromkeys(event.partition(".")[0] for event in self.events))

    def hears(self, change: Change) -> bool:
        """Whether a change is one of its events."""
        if not {f"{change.module}.all", f"{change.module}.{_ACTIONS[change.operation]}"} & set(self.events):
            return False
        if change.operation != "update" or change.module not in self.fields:
            return True
        joiner, wanted = self.fields[change.module]
        return wanted <= set(change.fields) if joiner == "and" else bool(wanted & set(change.fields))


class Channels:
    """The channels of an org, and the callbacks that they cause."""

    def __init__(self, org: Org, shows: Shows, outbox: Outbox) -> None:
        self._org, self._shows, self._outbox = org, shows, outbox
        self._channels: dict[str, Channel] = {}
        self._open: dict[tuple[str, str, str], dict[str, Any]] = {}  # the last callback of its kind
        self._open_s = 0
        org.watchers.append(self._hear)

    def put(self, channel: Channel) -> None:
        self._channels[channel.id] = channel

    def remove(self, channel_id: str) -> None:
        self._channels.pop(channel_id, None)

    def get(self, channel_id: str) -> Channel | None:
        channel = self._channels.get(channel_id)
        return channel if channel is not None and self._org.now_s < channel.expires_s else None

    def all(self) -> list[Channel]:
        return [channel for channel_id in self._channels if (channel := self.get(channel_id)) is not None]

    def _hear(self, change: Change) -> None:
        lost = self._org.switches.delivery.lost
        if lost is not None and lost(change.module, str(change.record_id)):
            return
        if change.at_s != self._open_s:
            self._open, self._open_s = {}, change.at_s
        for channel in self.all():
            if channel.hears(change):
                self._note(channel, change)

    def _note(self, channel: Channel, change: Change) -> None:
        """Several changes of one moment go into one callback, as long as nobody has taken it."""
        key, record_id = (channel.id, change.module, change.operation), str(change.record_id)
        body = self._open.get(key)
        if body is None or len(body["ids"]) >= IDS_MAX or record_id in body["ids"]:
            body = self._open[key] = self._body(channel, change)
            self._outbox.add(channel.url, body)
        body["ids"].append(record_id)
        if change.operation == "update":
            body["affected_fields"].append({record_id: list(change.fields)})
            if channel.values:
                body["affected_values"].append({"record_id": record_id, "values": self._values(change)})

    def closed(self) -> None:
        """Callbacks were taken: what follows needs new ones."""
        self._open = {}

    def _body(self, channel: Channel, change: Change) -> dict[str, Any]:
        return {
            "server_time": change.at_s * 1000,
            "affected_values": [],
            "query_params": {},
            "module": change.module,
            "resource_uri": f"https://www.zohoapis.com/crm/v8/{change.module}",
            "ids": [],
            "affected_fields": [],
            "operation": change.operation,
            "channel_id": channel.id,
            "token": channel.token,
        }

    def _values(self, change: Change) -> Mapping[str, Any]:
        shelf = self._org.shelves[change.module]
        version = shelf.table.live(change.record_id)
        names = shelf.catalogue.known(change.fields)
        return {} if version is None else self._shows.body(shelf, version, names)
