"""From a path to what handles it. Handlers raise `Refused`; a path that fits nothing gives None."""

from __future__ import annotations

from crmsync.sandbox import SimResponse
from crmsync_zoho.simulator import account
from crmsync_zoho.simulator.access import module_scopes, scopes_for
from crmsync_zoho.simulator.answers import invalid_module, wrong_method
from crmsync_zoho.simulator.call import Call
from crmsync_zoho.simulator.coql.run import Coql
from crmsync_zoho.simulator.costs import credits_of
from crmsync_zoho.simulator.deleted import list_deleted
from crmsync_zoho.simulator.listing import Listing
from crmsync_zoho.simulator.searching import Searching
from crmsync_zoho.simulator.services import Services
from crmsync_zoho.simulator.settings import settings
from crmsync_zoho.simulator.single import get_record
from crmsync_zoho.simulator.watching import Watching
from crmsync_zoho.simulator.writing import Writing


class Routes:
    """All routes of one org."""

    def __init__(self, services: Services) -> None:
        self._services, self._org = services, services.org
        self._listing = Listing(services.org, services.shows)
        self._searching = Searching(services.org, services.shows)
        self._coql = Coql(services.org, services.shows)
        self._watching = Watching(services.org, services.channels)

    def answer(self, call: Call) -> SimResponse | None:
        """Check the caller's rights, then the limits, then carry the call out."""
        if call.area == "oauth":
            return self._services.oauth.answer(call)
        access = self._services.access
        token = access.check(call.request.headers)
        access.demand(token, *scopes_for(call))
        self._services.quota.admit(call.request, credits_of(call, self._org.switches))
        match (call.method, *call.parts):
            case ("GET", "org"):
                return account.show_org(self._org)
            case ("GET", "users"):
                return account.list_users(self._org, call)
            case ("GET", "users", key):
                return account.get_user(self._org, key)
            case (_, "settings", *_):
                return settings(self._org, call)
            case (_, "read", *_) if call.area == "bulk":
                return self._services.exports.answer(call)
            case (_, "write", *_) if call.area == "bulk":
                return self._services.imports.answer(call)
            case ("POST", "upload"):
                return self._services.imports.upload(call)
            case (_, "actions", "watch"):
                return self._watching.answer(call)
            case ("POST", "coql"):
                if module := self._coql.module(call):
                    access.demand(token, module_scopes(module, "READ"))
                return self._coql.answer(call)
            case (_, "org" | "users" | "coql" | "upload", *_):
                raise wrong_method()
        return self._records(call) if call.area == "crm" else None

    def _records(self, call: Call) -> SimResponse | None:
        shelf = self._org.shelves.get(call.parts[0])
        if shelf is None:
            raise invalid_module()
        match (call.method, *call.parts[1:]):
            case ("GET",):
                return self._listing.answer(shelf, call)
            case ("GET", "deleted"):
                return list_deleted(self._org, shelf, call)
            case ("GET", "search"):
                return self._searching.search(shelf, call)
            case ("GET", "actions", "count"):
                return self._searching.count(shelf, call)
            case ("GET", key):
                return get_record(self._org, shelf, self._services.shows, call, key)
            case ("POST" | "PUT" | "DELETE", *_):
                return self._written(call, Writing(self._org, shelf, self._services.edits))
            case (_,) | (_, _):
                raise wrong_method()
        return None

    def _written(self, call: Call, writing: Writing) -> SimResponse | None:
        match (call.method, *call.parts[1:]):
            case ("POST",):
                return writing.insert(call)
            case ("PUT",):
                return writing.update(call)
            case ("DELETE",):
                return writing.delete(call)
            case ("POST", "upsert"):
                return writing.upsert(call)
            case ("PUT", key):
                return writing.update_one(call, key)
            case ("DELETE", key):
                return writing.delete_one(call, key)
            case (_, _):
                raise wrong_method()
        return None
