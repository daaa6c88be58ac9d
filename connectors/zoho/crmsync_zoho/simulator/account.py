"""The org itself, and its users."""

from __future__ import annotations

from typing import Any

from crmsync.sandbox import SimResponse
from crmsync_zoho.simulator.answers import invalid, nothing, ok, page_info
from crmsync_zoho.simulator.call import Call
from crmsync_zoho.simulator.ids import definition_id
from crmsync_zoho.simulator.instants import DAY_S
from crmsync_zoho.simulator.org import CURRENCY, Org
from crmsync_zoho.simulator.users import KINDS, shown_user, users_of_kind

USERS_PAGE = 200


def show_org(org: Org) -> SimResponse:
    """`GET /org`."""
    admin, paid = org.users[0], org.edition != "free"
    shown: dict[str, Any] = {
        "country": "DE",
        "photo_id": None,
        "city": "Berlin",
        "description": None,
        "mc_status": False,
        "gapps_enabled": False,
        "translation_enabled": False,
        "street": None,
        "alias": None,
        "currency": f"Euro - {CURRENCY}",
        "id": definition_id(org.seed, 1, 1),
        "state": None,
        "fax": None,
        "employee_count": "1",
        "zip": None,
        "website": None,
        "currency_symbol": "€",
        "mobile": None,
        "currency_locale": "de_DE",
        "primary_zuid": "694579958",
        "zia_portal_id": None,
        "time_zone": org.zone.name,
        "zgid": org.zgid,
        "country_code": "DE",
        "license_details": {
            "paid_expiry": org.zone.iso(org.born_s + 200 * DAY_S) if paid else None,
            "users_license_purchased": org.licences,
            "trial_type": None,
            "trial_expiry": None,
            "paid": paid,
            "paid_type": org.edition,
            "portal_users_license_purchased": 0,
        },
        "phone": None,
        "company_name": "Sandbox Trading",
        "privacy_settings": True,
        "primary_email": admin.email,
        "hipaa_compliance_enabled": False,
        "iso_code": CURRENCY,
        "type": "production",
        "domain_name": f"org{org.zgid}",
        "created_time": org.zone.iso(org.born_s - 900 * DAY_S),
        "deletable_org_account": False,
        "lite_users_enabled": False,
    }
    return ok({"org": [shown]})


def list_users(org: Org, call: Call) -> SimResponse:
    """`GET /users?type=`."""
    kind = call.one("type", "AllUsers")
    if kind not in KINDS:
        raise invalid("invalid data", param_name="type", supported_values=list(KINDS))
    per_page, number = call.number("per_page", USERS_PAGE, USERS_PAGE), call.number("page", 1, 10**8)
    found = users_of_kind(org.users, kind)
    shown = found[(number - 1) * per_page : number * per_page]
    if not shown:
        return nothing()
    info = page_info(per_page, len(shown), number, more=number * per_page < len(found))
    return ok({"users": [_shown(org, user) for user in shown], "info": info})


def get_user(org: Org, key: str) -> SimResponse:
    """`GET /users/{id}`."""
    found = [_shown(org, user) for user in org.users if str(user.id) == key]
    return ok({"users": found}) if found else nothing()


def _shown(org: Org, user: Any) -> dict[str, Any]:
    return shown_user(org.seed, user, org.zone.name, org.zone.iso(org.born_s - 900 * DAY_S))
