"""From a path to what handles it. Handlers raise `Refused`; a path that fits nothing gives None."""

from __future__ import annotations

from crmsync.sandbox import SimResponse
from crmsync_hubspot.simulator import account, reading, schema
from crmsync_hubspot.simulator.access import Access, scopes_for
from crmsync_hubspot.simulator.answers import unknown_type
from crmsync_hubspot.simulator.batches import Batches
from crmsync_hubspot.simulator.call import Call
from crmsync_hubspot.simulator.edits import Edits
from crmsync_hubspot.simulator.linking import Linking
from crmsync_hubspot.simulator.oauth import OAuth
from crmsync_hubspot.simulator.portal import Portal, Shelf
from crmsync_hubspot.simulator.quota import Quota
from crmsync_hubspot.simulator.search import Search
from crmsync_hubspot.simulator.writing import Writing


class Routes:
    """All routes of one portal."""

    def __init__(self, portal: Portal, access: Access, quota: Quota, oauth: OAuth, edits: Edits) -> None:
        self._portal, self._access, self._quota, self._oauth, self._edits = portal, access, quota, oauth, edits
        self._searches: dict[str, Search] = {}

    def answer(self, call: Call) -> SimResponse | None:
        """Check the caller's rights, then the limits, then carry the call out."""
        if call.area in ("oauth", "private-apps"):
            return self._oauth.answer(call)
        shelf = self._portal.shelf(call.parts[0]) if call.parts else None
        self._access.check(call.request.headers, *scopes_for(call, shelf.kind if shelf else None))
        self._quota.admit(search=is_search(call))
        if call.area in ("account-info", "owners"):
            return self._account(call)
        if shelf is None:
            raise unknown_type(call.parts[0] if call.parts else "")
        return self._of_kind(call, shelf)

    def _of_kind(self, call: Call, shelf: Shelf) -> SimResponse | None:
        match (call.area, *call.parts[1:]):
            case ("objects", "batch", *_):
                return self._batch(call, shelf)
            case ("objects", _, "associations", *rest) if rest:
                target = rest[1] if rest[0] == "default" and len(rest) > 1 else rest[0]
                return Linking(self._portal, self._edits, call.parts[0], target).one(call)
            case ("objects", *_):
                return self._record(call, shelf)
            case ("associations", target, *_):
                return Linking(self._portal, self._edits, call.parts[0], target).batch(call)
            case ("properties", *_):
                return schema.properties(self._portal, shelf, call)
            case ("pipelines", *_):
                return schema.pipelines(self._portal, shelf, call)
        return None

    def _record(self, call: Call, shelf: Shelf) -> SimResponse | None:
        portal, writing = self._portal, Writing(self._portal, shelf, self._edits)
        match (call.request.method, *call.parts[1:]):
            case ("GET",):
                return reading.list_records(portal, shelf, call)
            case ("POST",):
                return writing.create(call)
            case ("POST", "search"):
                return reading.search_records(portal, shelf, self._search(shelf), call)
            case ("POST", "merge"):
                return writing.merge(call)
            case ("POST", "gdpr-delete") if shelf.kind.plural == "contacts":
                return writing.erase(call)
            case ("GET", key):
                return reading.get_record(portal, shelf, call, key)
            case ("PATCH", key):
                return writing.update(call, key)
            case ("DELETE", key):
                return writing.archive(key)
        return None

    def _batch(self, call: Call, shelf: Shelf) -> SimResponse | None:
        batches = Batches(self._portal, shelf, self._edits)
        match (call.request.method, *call.parts[2:]):
            case ("POST", "read"):
                return batches.read(call)
            case ("POST", "create"):
                return batches.create(call)
            case ("POST", "update"):
                return batches.update(call)
            case ("POST", "upsert"):
                return batches.upsert(call)
            case ("POST", "archive"):
                return batches.archive(call)
        return None

    def _account(self, call: Call) -> SimResponse | None:
        match (call.request.method, call.area, *call.parts):
            case ("GET", "account-info", "details"):
                return account.details(self._portal)
            case ("GET", "account-info", "api-usage", "daily", "private-apps"):
                return account.usage(self._portal, self._quota)
            case ("GET", "owners"):
                return account.list_owners(self._portal, call)
            case ("GET", "owners", key):
                return account.get_owner(self._portal, call, key)
        return None

    def _search(self, shelf: Shelf) -> Search:
        name = shelf.kind.plural
        if name not in self._searches:
            self._searches[name] = Search(shelf, self._portal.links, self._portal.switches)
        return self._searches[name]


def is_search(call: Call) -> bool:
    return call.area == "objects" and list(call.parts[1:]) == ["search"]
