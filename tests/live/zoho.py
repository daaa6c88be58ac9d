"""What is asked of Zoho, beside what crmsync asks: what its documents leave open or tell in two ways."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import httpx

from crmsync.sandbox import Simulator
from crmsync.spec.model import Spec
from crmsync_zoho.simulator import ZohoSimulator
from crmsync_zoho.simulator.oauth import Refresh
from live.account import Account, Probe, View, itself
from live.asked import Known
from live.crm import Built, Crm, NoAccount, Options
from live.shape import Fact

CRM = "/crm/v8"
OLD, NEVER = "2001-01-01T00:00:00+00:00", "2099-01-01T00:00:00+00:00"  # before and after every change
NEVER_AS_HTTP, NEVER_AS_ZULU = "Thu, 01 Jan 2099 00:00:00 GMT", "2099-01-01T00:00:00Z"
UNKNOWN = f"1000.{'0' * 32}.{'0' * 32}"


def enter(built: Built, client: httpx.Client, options: Options) -> Account:
    """By an access token, of which a refresh token gives ten in ten minutes; the answer says where the API is."""
    spec = built({})
    url = _accounts(spec)
    form = {name: options[name] for name in ("client_id", "client_secret", "refresh_token")}
    answer = client.post(f"{url}/oauth/v2/token", data={"grant_type": "refresh_token", **form}).json()
    if "access_token" not in answer:
        raise NoAccount(f"Zoho gives no token: {answer.get('error')}")
    headers = {"Authorization": f"Zoho-oauthtoken {answer['access_token']}"}
    values = {"accounts_url": url, **form}
    return Account(
        spec,
        client,
        str(options.get("base_url") or answer["api_domain"]),
        headers,
        values,
        _reads,
        ("x-accesstoken-", "x-ratelimit-"),
    )


def doubts(account: Account, known: Known) -> Iterator[Probe]:
    """All that could be asked without changing anything."""
    ids = known.ids("contact")
    yield from _tokens(account)
    yield from _lists(account, ids)
    yield from _queries(ids, _columns(known))
    yield Probe("a record that is not there", "GET", f"{CRM}/Contacts/{_like(ids, 1)}")
    yield Probe("an id that is none", "GET", f"{CRM}/Contacts/nobody")
    yield Probe("a module that is not there", "GET", f"{CRM}/Nothings?fields=id")
    yield Probe("a path that is not there", "GET", f"{CRM}/nothing/at/all")
    yield Probe("what the consent does not cover", "GET", f"{CRM}/actions/watch")


def simulator(account: Account) -> Simulator:
    """An org with a record of each kind in the bin, whose user consented to what crmsync asks for."""
    made = ZohoSimulator(200, seed=2)
    for module in ("Contacts", "Accounts", "Deals"):
        made.delete(module, made.ids(module)[0])
    (way,) = account.spec.auth
    assert way.oauth is not None
    made.app.refresh_tokens[made.options["refresh_token"]] = Refresh(way.oauth.scopes)
    return made


def _tokens(account: Account) -> Iterator[Probe]:
    url = f"{account.values['accounts_url']}/oauth/v2/token"
    form = {**account.values, "grant_type": "refresh_token"}
    del form["accounts_url"]
    yield _form("a token", url, form)
    yield _form("a refresh token that is unknown", url, {**form, "refresh_token": UNKNOWN})
    page = f"{CRM}/Contacts?fields=Last_Name&per_page=1"
    token = account.headers["Authorization"].partition(" ")[2]
    yield Probe("a token behind Bearer", "GET", page, headers={"Authorization": f"Bearer {token}"})
    yield Probe("a token that is unknown", "GET", page, headers={"Authorization": f"Zoho-oauthtoken {UNKNOWN}"})
    yield Probe("no token", "GET", page, headers={"Authorization": ""})


def _lists(account: Account, ids: list[str]) -> Iterator[Probe]:
    yield _list("a list that names no fields")
    yield _list("a list with a field that is not there", fields="Last_Name,No_Such_Field")
    yield _list("a list by 101 ids", fields="Last_Name", ids=",".join(_like(ids, each) for each in range(101)))
    yield _list("a page beyond 2,000 records", fields="Last_Name", page="11")
    yield _list("a page token that is none", fields="Last_Name", page_token="none")
    for how, since in {"": NEVER, " as HTTP writes it": NEVER_AS_HTTP, " with a Z": NEVER_AS_ZULU}.items():
        yield _list(f"a list since a time to come{how}", since, fields="Last_Name")
    first = _list("the first page since a time", OLD, fields="Last_Name", per_page="1")
    info = account.ask(first).json().get("info", {})
    yield first
    next_page = {"fields": "Last_Name", "per_page": "1", "page_token": info.get("next_page_token") or "none"}
    yield _list("its second page", OLD, **next_page)
    yield _list("its second page without the time", **next_page)


def _queries(ids: list[str], columns: list[str]) -> Iterator[Probe]:
    some = "select Last_Name from Contacts where"
    for number in (50, 51):
        asked = f"select {','.join(columns[:number])} from Contacts where id > '0' limit 1"
        yield _query(f"a query with {number} columns", asked)
    many = ",".join(f"'{_like(ids, each)}'" for each in range(51))
    yield _query("a query with 51 values", f"{some} id in ({many})")
    yield _query("a query that finds nothing", f"{some} id = '{_like(ids, 1)}'")
    yield _query("a query with a column that is not there", "select No_Such_Field from Contacts where id > '0'")
    yield _query("a query without a condition", "select Last_Name from Contacts")
    yield _query("a query for 2,001 records", f"{some} id > '0' limit 2001")
    three = f"id > '0' and Modified_Time >= '{OLD}' and Modified_Time < '{NEVER}'"
    yield _query("three conditions without brackets", f"{some} {three} limit 1")
    for name, when in {"an offset": OLD, "a Z": OLD.replace("+00:00", "Z")}.items():
        yield _query(f"a time with {name} in a query", f"{some} Modified_Time >= '{when}' limit 1")
    yield _query("the order of ids in a query", f"{some} id > '0' order by id asc limit 50", view=_rising)


def _columns(known: Known) -> list[str]:
    there = {stream: [n for n in names.split() if n in known.fields[stream]] for stream, names in _COLUMNS.items()}
    return there["contact"] + [f"Account_Name.{name}" for name in there["company"]]


def _list(name: str, since: str = "", **query: str) -> Probe:
    headers = {"If-Modified-Since": since} if since else {}
    return Probe(name, "GET", f"{CRM}/Contacts?{urlencode(query)}", headers=headers)


def _query(name: str, text: str, view: View = itself) -> Probe:
    return Probe(name, "POST", f"{CRM}/coql", {"select_query": text}, view=view)


def _form(name: str, url: str, form: Mapping[str, str]) -> Probe:
    headers = {"Authorization": "", "Content-Type": "application/x-www-form-urlencoded"}
    return Probe(name, "POST", url, urlencode(form).encode(), headers, _told)


def _told(answer: Any) -> Any:
    """An answer of the token endpoint, in which errors count by their names."""
    return {**answer, "error": Fact(answer["error"])} if "error" in answer else answer


def _rising(answer: Any) -> Fact:
    ids = [int(record["id"]) for record in answer["data"]]
    return Fact("ids rise" if ids == sorted(ids) else "ids do not rise")


def _like(ids: list[str], number: int) -> str:
    """An id that looks like the account's own, and that hardly any record has."""
    return f"{(ids[0] if ids else '1000000000000000000')[:-6]}{number:06d}"


def _accounts(spec: Spec) -> str:
    """Where tokens are asked for."""
    (way,) = spec.auth
    assert way.oauth is not None
    return way.oauth.token.url.removesuffix("/oauth/v2/token")


def _reads(probe: Probe) -> bool:
    return probe.method == "GET" or probe.target.endswith(("/coql", "/oauth/v2/token"))


_COLUMNS = {  # fields that every org has, unless somebody took them away
    "contact": "Created_Time Modified_Time Description First_Name Last_Name Full_Name Email Secondary_Email Phone "
    "Mobile Home_Phone Other_Phone Fax Title Department Assistant Lead_Source Date_of_Birth Email_Opt_Out Skype_ID "
    "Twitter Mailing_Street Mailing_City Mailing_State Mailing_Zip Mailing_Country Other_Street Other_City",
    "company": "Created_Time Modified_Time Description Website Phone Fax Account_Number Account_Site Account_Type "
    "Industry Ownership Rating Employees Annual_Revenue SIC_Code Ticker_Symbol Billing_Street Billing_City "
    "Billing_State Billing_Code Billing_Country Shipping_Street Shipping_City Shipping_Country",
}

ZOHO = Crm("zoho", ("client_id", "client_secret", "refresh_token"), enter, doubts, simulator)
