"""`crmsync check`: whatever is wrong with a connection to any CRM, a person reads what it is and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli import Shell, shell
from crmsync.sandbox import Server, VirtualClock
from crmsync_zoho.simulator.oauth import REFRESH_TOKEN
from providers import DRIVERS

ZOHO_SCOPES = {
    "settings": "ZohoCRM.settings.ALL",
    "users": "ZohoCRM.users.READ",
    "org": "ZohoCRM.org.READ",
    "coql": "ZohoCRM.coql.READ",
    "contacts": "ZohoCRM.modules.contacts.READ",
    "accounts": "ZohoCRM.modules.accounts.READ",
    "deals": "ZohoCRM.modules.deals.READ",
}
AGAIN = "Connect again: crmsync auth zoho"
REGION = "A wrong ZOHO_REGION (us, eu, in, au, jp, cn, ca, sa; now us) gives the same error."
KEY_ENDS = "an ordinary user's lasts three months at most"


@dataclass(frozen=True)
class Case:
    """What is wrong; the line that is bad, the status, and all that a person must read. `options` are the connection's.

    `do` makes trouble in the simulator; it may give options.
    """

    crm: str
    bad: str
    status: int
    told: tuple[str, ...]
    options: Mapping[str, str] = field(default_factory=dict)
    do: Callable[[Any], dict[str, str] | None] = lambda _: None
    oddities: Mapping[str, Any] = field(default_factory=dict)


def without(*names: str) -> Callable[[Any], None]:
    """A consent that lacks scopes."""

    def do(org: Any) -> None:
        org.app.refresh_tokens[REFRESH_TOKEN].scopes = tuple(s for n, s in ZOHO_SCOPES.items() if n not in names)

    return do


def failing(status: int, match: str = "", **more: Any) -> Callable[[Any], None]:
    return lambda simulator: simulator.fail(status, match, times=999, **more)


def other_region(org: Any) -> None:
    org.switches.wrong_region = True


def lacking(*scopes: str) -> Callable[[Any], dict[str, str]]:
    return lambda portal: {"token": portal.grant("oauth", *scopes)}


OLD: dict[str, Any] = {"version": 18}
NO_API = {"code": "NO_PERMISSION", "details": {"permissions": ["Crm_Implied_Api_Access"]}}
CASES = {
    "hubspot: bad token": Case("hubspot", "credentials", 2, ("HTTP 401", "Set HUBSPOT_TOKEN"), {"token": "nonsense"}),
    "hubspot: no credentials": Case("hubspot", "credentials", 2, ("export HUBSPOT_TOKEN=…",), {"token": ""}),
    "hubspot: missing scope": Case(
        "hubspot",
        "deal",
        2,
        ("Grant the credentials: crm.objects.deals.read",),
        {},
        lacking("crm.objects.contacts.read"),
    ),
    "zoho: bad refresh token": Case(
        "zoho", "credentials", 2, ("invalid_code", AGAIN, "ZOHO_REFRESH_TOKEN", REGION), {"refresh_token": "nonsense"}
    ),
    "zoho: bad client": Case(
        "zoho", "credentials", 2, ("invalid_client_secret", AGAIN, "ZOHO_CLIENT_SECRET"), {"client_secret": "nonsense"}
    ),
    "zoho: wrong region": Case("zoho", "credentials", 2, ("invalid_client", REGION), {}, other_region),
    "zoho: not connected": Case("zoho", "credentials", 2, ("Connect it: crmsync auth zoho",), {"refresh_token": ""}),
    "zoho: no scope for the org": Case("zoho", "credentials", 2, ("/org", "ZohoCRM.org.READ"), {}, without("org")),
    "zoho: no scope for deals": Case("zoho", "deal", 2, ("lacks a scope", "ZohoCRM.modules.ALL"), {}, without("deals")),
    "zoho: no scope for fields": Case("zoho", "deal", 2, ("settings", "ZohoCRM.settings.ALL"), {}, without("settings")),
    "zoho: no scope for queries": Case("zoho", "contact", 2, ("coql", "ZohoCRM.coql.READ"), {}, without("coql")),
    "zoho: not in the edition": Case(
        "zoho", "credentials", 2, ("The edition of this Zoho org",), {}, failing(403, "/crm", code="API_NOT_SUPPORTED")
    ),
    "zoho: no access to the API": Case(
        "zoho", "credentials", 2, ("no access to the API", "administrator"), {}, failing(403, "/crm", **NO_API)
    ),
    "zoho: a right is missing": Case("zoho", "contact", 2, ("The profile of the user",), {}, failing(403, "/coql")),
    "zoho: too many requests": Case("zoho", "credentials", 4, ("try again later",), {}, failing(429, "/crm")),
    "odoo: bad key": Case("odoo", "credentials", 2, (KEY_ENDS, "ODOO_API_KEY"), {"api_key": "nonsense"}),
    "odoo 18: bad key": Case(
        "odoo", "credentials", 2, ("ODOO_LOGIN and ODOO_API_KEY", "have not ended"), {"api_key": "x"}, oddities=OLD
    ),
    "odoo 18: no user name": Case("odoo", "credentials", 2, ("export ODOO_LOGIN=…",), {"login": ""}, oddities=OLD),
    "odoo: wrong database": Case("odoo", "credentials", 1, ("no such database", "ODOO_DATABASE"), {"database": "nope"}),
    "odoo 18: wrong database": Case(
        "odoo", "credentials", 1, ("no such database", "ODOO_DATABASE"), {"database": "nope"}, oddities=OLD
    ),
    "odoo 18: wrong protocol": Case(
        "odoo", "credentials", 1, ("versions before 19", "ODOO_PROTOCOL"), {"protocol": "json2"}, oddities=OLD
    ),
    "odoo: a right is missing": Case(
        "odoo", "deal", 2, ("'Lead'", "Sales / Administrator"), {}, lambda odoo: odoo.forbid("crm.lead", "read")
    ),
    "odoo: not in the plan": Case("odoo", "credentials", 2, ("the plan Custom",), {}, failing(403, "POST")),
    "odoo: a page asks for a password": Case(
        "odoo", "credentials", 1, ("a web page titled 'Login", "ODOO_BASE_URL"), {}, failing(200)
    ),
    "odoo: no Odoo": Case("odoo", "credentials", 1, ("no Odoo at this address", "ODOO_BASE_URL"), {}, failing(404)),
}


def checked(run: Shell) -> tuple[int, str]:
    """The status, and what is told, each line as one."""
    done = run.inside("check", "--connector", run.connector)
    return done.returncode, re.sub(r"\n +", " ", done.stdout)


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_is_told_with_what_to_do(tmp_path: Path, name: str) -> None:
    """On the line that it concerns, in words that name the option, scope or right; the others are ok."""
    case = CASES[name]
    driver = DRIVERS[case.crm](3, 1, None, **case.oddities)
    with Server(driver.simulator) as server:
        more = case.do(driver.simulator) or {}
        run = shell(tmp_path, connector=case.crm, **{**driver.options(server.url), **case.options, **more})
        status, told = checked(run)
    assert status == case.status, told
    bad = "\n".join(line for line in told.splitlines() if re.match(rf"bad +{case.bad} ", line))
    assert [text for text in case.told if text not in bad] == [], told
    assert case.bad == "credentials" or re.search("^ok +credentials ", told)


@pytest.mark.parametrize(
    ("crm", "oddities"),
    [("hubspot", {}), ("zoho", {}), ("odoo", {}), ("odoo", OLD)],
    ids=["hubspot", "zoho", "odoo", "18"],
)
def test_a_connection_that_works_is_all_ok_but_for_a_clock_that_is_wrong(
    tmp_path: Path, crm: str, oddities: dict[str, Any]
) -> None:
    """By more than a minute, whoever's it is; all the rest is ok."""
    driver = DRIVERS[crm](3, 1, VirtualClock(datetime.now(UTC) + timedelta(minutes=10)), **oddities)
    with Server(driver.simulator) as server:
        status, told = checked(shell(tmp_path, connector=crm, **driver.options(server.url)))
    assert (status, len(re.findall("^bad", told, re.MULTILINE))) == (2, 1), told
    assert ": 1 requests" not in told
    assert re.search(r"^bad +clock +\d+ s behind the provider's Set this machine's clock", told, re.MULTILINE)
    assert len(re.findall(r"^ok +(contact|company|deal) +may be read$", told, re.MULTILINE)) == 3


NO_OWNERS = {
    "hubspot": (lacking(*(f"crm.objects.{kind}.read" for kind in ("contacts", "companies", "deals"))), "owners.read"),
    "zoho": (without("users"), "ZohoCRM.users.READ"),
    "odoo": (lambda odoo: odoo.forbid("res.users", "read"), "res.users"),
}


@pytest.mark.parametrize("crm", NO_OWNERS)
def test_what_a_run_can_do_without_is_told_and_is_no_failure(tmp_path: Path, crm: str) -> None:
    """Names of owners: each stream may be read, and the line says what lacks and how to get it."""
    do, missing = NO_OWNERS[crm]
    driver = DRIVERS[crm](3, 1, None)
    with Server(driver.simulator) as server:
        more = do(driver.simulator) or {}
        status, told = checked(shell(tmp_path, connector=crm, **{**driver.options(server.url), **more}))
    lines = re.findall(r"^ok +(?:contact|company|deal) +(may be read.*)$", told, re.MULTILINE)
    assert (status, len(lines)) == (0, 3), told
    assert all(line.startswith("may be read, without owner_name and owner_email: ") for line in lines)
    assert all(missing in line for line in lines), told


ADDRESSES = [("hubspot", "base_url"), ("zoho", "base_url"), ("zoho", "accounts_url"), ("odoo", "base_url")]


def test_who_cannot_be_reached_is_named_with_why(tmp_path: Path) -> None:
    """And which option sets the address; for Zoho where tokens are, too. Nobody listens, or speaks TLS."""
    with ExitStack() as stack:
        runs = []
        for number, (crm, option) in enumerate(ADDRESSES):  # side by side: each tries for some seconds
            driver = DRIVERS[crm](0, 1, None)
            url = stack.enter_context(Server(driver.simulator)).url
            closed = ("http://127.0.0.1:1", "the connection is refused")
            at, why = (url.replace("p:", "ps:"), "TLS failed") if number % 2 else closed
            (folder := tmp_path / str(number)).mkdir()
            run = shell(folder, connector=crm, **{**driver.options(url), option: at})
            wanted = (f"{at} cannot be reached: {why}", f"the address, which {f'{crm}_{option}'.upper()} sets")
            runs.append((run.start("check", "--connector", crm), wanted))
        for process, wanted in runs:
            told = " ".join(process.communicate(timeout=60)[0].split())
            assert (process.returncode, told.startswith("bad credentials")) == (1, True), told
            assert [text for text in wanted if text not in told] == [], told
            assert "Check this machine's network, its proxy" in told


@pytest.mark.parametrize(("crm", "option"), [("hubspot", "unique_property"), ("zoho", "unique_field"), ("odoo", None)])
def test_where_a_record_might_be_made_twice_is_told_with_what_mends_it(
    tmp_path: Path, crm: str, option: str | None
) -> None:
    """The field to create, and the option that names it; with it, nothing is told."""
    driver = DRIVERS[crm](3, 1, None)
    with Server(driver.simulator) as server:
        given = driver.options(server.url)
        status, told = checked(shell(tmp_path, connector=crm, **given))
        again = checked(shell(tmp_path, connector=crm, **given, **({option: "our_key"} if option else {})))
    lines = re.findall(r"^ok +(\w+) +may be written; (duplicates possible, .*)$", told, re.MULTILINE)
    assert status == 0
    assert [stream for stream, _ in lines] == (["company", "deal"] if option else [])
    assert all(f"{crm}_{option}".upper() in line for _, line in lines)
    assert "duplicates" not in again[1]
