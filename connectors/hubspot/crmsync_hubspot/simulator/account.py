"""Account details, usage, owners."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from crmsync.sandbox import SimResponse
from crmsync_hubspot.simulator.answers import not_found, ok
from crmsync_hubspot.simulator.call import Call
from crmsync_hubspot.simulator.instants import iso, to_ms
from crmsync_hubspot.simulator.portal import CURRENCIES, TIME_ZONE, Portal
from crmsync_hubspot.simulator.quota import Quota

OWNERS_PAGE_MAX = 500


def details(portal: Portal) -> SimResponse:
    local = portal.clock.now().astimezone(ZoneInfo(TIME_ZONE))
    offset = local.strftime("%z")
    seconds = int((local.utcoffset() or timedelta()).total_seconds())
    return ok(
        {
            "portalId": portal.id,
            "accountType": "STANDARD",
            "timeZone": TIME_ZONE,
            "companyCurrency": CURRENCIES[0],
            "additionalCurrencies": list(CURRENCIES[1:]),
            "utcOffset": f"{offset[:3]}:{offset[3:]}",
            "utcOffsetMilliseconds": seconds * 1000,
            "uiDomain": "app.hubspot.com",
            "dataHostingLocation": "na1",
        }
    )


def usage(portal: Portal, quota: Quota) -> SimResponse:
    now = portal.clock.now()
    left = quota.daily.remaining(now)
    return ok(
        {
            "results": [
                {
                    "name": "private-apps-api-calls-daily",
                    "usageLimit": quota.daily.limit,
                    "currentUsage": quota.daily.limit - left,
                    "collectedAt": portal.now,
                    "fetchStatus": "SUCCESS",
                    "resetsAt": iso(to_ms(quota.daily.resets_at(now))),
                }
            ]
        }
    )


def list_owners(portal: Portal, call: Call) -> SimResponse:
    limit, after = call.number("limit", 100, OWNERS_PAGE_MAX), call.one("after") or "0"
    archived, email = call.flag("archived"), call.one("email")
    owners = [owner for owner in portal.owners if owner.archived is archived and (not email or owner.email == email)]
    rest = sorted((owner for owner in owners if int(owner.id) >= int(after)), key=lambda owner: int(owner.id))
    body: dict[str, object] = {"results": [owner.shown() for owner in rest[:limit]]}
    if len(rest) > limit:
        following = rest[limit].id
        body["paging"] = {"next": {"after": following, "link": call.link(following)}}
    return ok(body)


def get_owner(portal: Portal, call: Call, key: str) -> SimResponse:
    by_user, archived = call.one("idProperty") == "userId", call.flag("archived")
    for owner in portal.owners:
        if key == (str(owner.user_id) if by_user else owner.id) and owner.archived is archived:
            return ok(owner.shown())
    raise not_found(f"Owner with id {key} not found")
