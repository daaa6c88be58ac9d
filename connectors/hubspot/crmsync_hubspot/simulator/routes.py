"""From a path to what handles it. Handlers raise `Refused`; a path that fits nothing gives None."""

from __future__ import annotations


from crmsync.sandbox import SimResponse
from crmsync_hubspot.simulator import account, reading, schema
from crmsync_hubspot.simulator.access import Access, scopes_for
from crmsync_hubspot.simulator.answers import unknown_type
from crmsync_hubspot.simulator.call import Call
from crmsync_hubspot.simulator.portal import Portal, Shelf
from crmsync_hubspot.simulator.quota import Quota
from crmsync_hubspot.simulator.search import Search


class Routes:
    """All routes of one portal."""

    def __init__(self, portal: Portal, access: Access, quota: Quota) -> None:
        self._portal, self._access, self._quota = portal, access, quota
        self._searches = {
            name: Search(shelf, portal.links, portal.switches) for name, shelf in portal.shelves.items()
        }

    def answer(self, call: Call) -> SimResponse | None:
        """Check the caller's rights, then the limits, then carry the call out."""
        shelf = None
        if call.area in ("objects", "properties", "pipelines") and call.parts:
            shelf = self._portal.shelf(call.parts[0])
            if shelf is None:
                self._access.check(call.request.headers)
                raise unknown_type(call.parts[0])
        self._access.check(call.request.headers, *scopes_for(call, shelf.kind if shelf else None))
        self._quota.admit(search=is_search(call))
        if call.area == "objects" and shelf is not None:
            return self._objects(call, shelf)
        if call.area == "properties" and shelf is not None:
            return schema.properties(self._portal, shelf, call)
        if call.area == "pipelines" and shelf is not None:
            return schema.pipelines(self._portal, shelf, call)
        return self._account(call)

    def _objects(self, call: Call, shelf: Shelf) -> SimResponse | None:
        portal = self._portal
        match (call.request.method, *call.parts[1:]):
            case ("GET",):
                return reading.list_records(portal, shelf, call)
            case ("POST", "search"):
                return reading.search_records(portal, shelf, self._searches[shelf.kind.plural], call)
            case ("GET", key):
                return reading.get_record(portal, shelf, call, key)
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


def is_search(call: Call) -> bool:
    return call.area == "objects" and call.parts[-1:] == ["search"]
