"""A spec with mistakes -> every mistake, at its place, in a sentence that says what to write instead."""

from __future__ import annotations

import copy
import importlib.resources
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from crmsync.errors import SpecError
from crmsync.spec import build, load, yaml
from crmsync.spec.check import check
from crmsync.spec.schema_faults import LATER_KEYS
from crmsync.spec.schema_fits import Schema
from effort import examples

ROOT = Path(__file__).parents[2]
HUBSPOT = ROOT / "connectors/hubspot/crmsync_hubspot/spec.yaml"
SPEC = """\
crmsync: 1
name: demo
vars: {ver: v1}
config:
  base_url: {default: "https://api.example.com"}
  token: {secret: true}
  burst: {type: integer, default: 10}
auth:
  token: {kind: header, needs: [token], headers: {Authorization: Bearer $token}}
check: {do: GET /$ver/me, account: id, facts: {timezone: tz}}
discover: {do: GET /fields/$type, name: name, type: type, types: {string: text}}
limits:
  burst: {rate: $burst, per: 10s, default: true}
errors:
  - {status: 429, is: throttled, pool: burst}
lists:
  pipeline: {do: GET /pipelines, key: id, value: label}
  stage: {do: GET /stages, key: id, value: label, within: {list: pipeline, at: ^id}}
defaults:
  record: {updated_at: updated}
  read:
    full: {do: GET /$ver/$type, query: {limit: $limit, after: $page}, limit: 100, records: results, next: next}
    by_id: {do: GET /$ver/$type, query: {ids: $ids}, batch: 100, records: results}
  deletes: {census: {every: 7d}}
streams:
  contact:
    vars: {type: contacts}
    fields:
      name: {at: [first, last], as: person_name}
      email: email
      owner_id: {at: owner, type: text}
  deal:
    vars: {type: deals}
    fields:
      pipeline: {at: pipeline, as: {list: pipeline}}
      stage: {at: stage, as: {list: stage}, within: pipeline}
"""


def faults(text: str) -> list[str]:
    return [str(fault) for fault in check(yaml.parse(text, "s"), load.objects())]


def changed(old: str, new: str) -> str:
    assert SPEC.count(old) == 1, f"{old!r} stands {SPEC.count(old)} times in the spec"
    return SPEC.replace(old, new)


def told(text: str, at: str, message: str) -> bool:
    """Whether a fault starts with `message`, once, at a place of the text that starts with `at`."""
    lines = text.splitlines()
    found = [f for f in check(yaml.parse(text, "s"), load.objects()) if f.message.startswith(message)]
    places = [lines[f.line - 1][f.column - 1 :] for f in found]
    assert len([place for place in places if place.startswith(at)]) == 1, faults(text)
    return True


def test_a_right_spec_has_no_faults():
    """The base of every test below, and the connector that is shipped."""
    assert faults(SPEC) == []
    assert load.load(HUBSPOT).tree["name"] == "hubspot"


SHAPE = [
    ("vars: {ver: v1}", "vras: {ver: v1}", "vras", "unknown key `vras`; did you mean `vars`?"),
    ("    fields:\n      pip", "    feilds:\n      pip", "feilds", "unknown key `feilds`; did you mean `fields`?"),
    ("within: pipeline}", "zzz: 1}", "zzz", "unknown key `zzz`; possible in `stage`: at, as, type, nulls, on_bad,"),
    ("limit: 100", "limit: ten", "limit", "`limit` must be a whole number, not 'ten'"),
    ("limit: 100", "limit: 0", "limit", "`limit` must be at least 1, not 0"),
    ("per: 10s", "per: 10 s", "per", "`per` must be a duration such as 30s, 15m, 1h or 7d, not '10 s'"),
    ("is: throttled", "is: throtled", "is", "`is` must be one of transient, throttled,"),
    ("email: email", "email: e..mail", "email", "`email` must be a path such as a.b, or a map, not 'e..mail'"),
    ("email: email", "Email: email", "Email", "'Email' is not a column's name: lower case letters, digits and _"),
    ("email: email", "_email: email", "_email", "'_email' is not a column's name: lower case letters, digits and _"),
    ("account: id, ", "", "check", "the key `account` is missing in `check`"),
    ("as: person_name", "as: domian", "as", "`as` must be one of text, ref, email,"),
    ("name: demo", "name: demo\nversion: 0.1", "version", "`version` must be a text, not 0.1; put it in quotes"),
    ("kind: header", "kind: oauth1", "kind", "`kind` must be one of header, oauth2, login, not 'oauth1'"),
    (
        "errors:",
        "webhooks: {}\nerrors:",
        "webhooks",
        "`webhooks` is part of the language but this version of crmsync",
    ),
    (
        "check: {do: GET",
        "check: {do: PUT",
        "do",
        "`do` must be a request such as GET /contacts (reads are GET or POST)",
    ),
    (
        "crmsync: 1",
        "crmsync: 2",
        "crmsync",
        "this spec is written in language version 2; this crmsync speaks 1: upgrade",
    ),
    ("name: demo", "name: demo\nrequires: '>=9'", "requires", "this spec needs crmsync >=9, and this is 0."),
]


@pytest.mark.parametrize(("old", "new", "at", "message"), SHAPE)
def test_a_mistake_of_shape_is_told_at_its_key(old, new, at, message):
    """One mistake, one sentence, with the nearest valid key or value."""
    assert told(changed(old, new), at, message)


MEANING = [
    ("/$ver/me", "/$vre/me", "do", "unknown placeholder `$vre`; did you mean `$ver`?"),
    ("/$ver/me", "/$timezone", "do", "`$timezone` has no value in `check`: facts are known after it"),
    ("query: {ids: $ids}", "query: {ids: $ids, a: $page}", "a", "`$page` has no value in `by_id`"),
    ("vars: {type: deals}", "vars: {}", "do", "`$type` has no value in `discover`"),
    ("after: $page", "after: $token", "after", "`$token` is a secret: only headers of `auth` and the body of a login"),
    ("ver: v1", "ver: $token", "ver", "`$token` is a secret: only headers of `auth` and the body of a login may use"),
    ("after: $page", "after: $since", "after", "`$since` has no value in `full`"),
    ("after: $page", "after: 5 $", "after", "a lone `$`; write `$$` for a dollar"),
    ("needs: [token]", "needs: [tokn]", "tokn", "there is no option `tokn` in `config`; did you mean `token`?"),
    ("pool: burst", "pool: brust", "pool", "there is no limit `brust`; did you mean `burst`?"),
    ("is: throttled, pool: burst", "is: exhausted, pool: burst", "is", "`exhausted` needs `pool`: a limit with a"),
    ("records: results, next", "uses: [brust], records: results, next", "brust", "there is no limit `brust`; did you"),
    ("as: {list: stage}", "as: {list: stag}", "list", "there is no list `stag`; did you mean `stage`?"),
    ("as: {list: stage}", "as: {list: stage, take: x}", "take", "the list `stage` has no column `x` in `also`"),
    ("list: pipeline, at", "list: pipelin, at", "list", "there is no other list `pipelin`; did you mean `pipeline`?"),
    ("GET /pipelines, key: id", "GET /pipelines", "pipeline", "the key `key` is missing in `pipeline`"),
    ("GET /pipelines,", "GET /pipelines, page: offset, limit: 5,", "page", "`page: offset` must ask for `$offset`"),
    ("limit: 100, records", "page: number, records", "page", "`page: number` ends by `more` or at a page that is not"),
    ("limit: 100, records", "limit: 9, page: number, records", "next", "`page: number` counts by itself, so there is"),
    (
        "do: GET /pipelines, key: id, value: label",
        "options: deel.Stage",
        "options",
        "`options` names no stream: `deel`",
    ),
    ("do: GET /pipelines, key: id, value: label", "options: deal.Stage", "options", "`options` needs `discover` with"),
    ("do: GET /pipelines, key", "options: deal.Stage, key", "key", "a list of `options` has no request, so there is"),
    ("/pipelines, key: id,", "/pipelines, key: id, also: {a: {as: text}},", "a: {as", "the key `at` is missing in `a`"),
    ("GET /pipelines,", "'GET /pipelines', query: {a: $limit},", "a", "`$limit` has no value in `lists`"),
    ("{ids: $ids}", "{ids: $id}", "batch", "`$id` outside of `item` asks for one record a request, so there is no"),
    ("{ids: $ids}, batch: 100", "{id: $id}, item: {id: $id}", "item", "`$id` outside of `item` asks for one record"),
    ("{ids: $ids}", "{ids: $type}", "by_id", "`by_id` must ask for `$ids`, `$items` or `$id`"),
    ("within: pipeline}", "within: pipelin}", "within", "`within` names no field of `deal`: `pipelin`; did you mean"),
    (
        "owner, type: text",
        "owner",
        "owner_id",
        "`owner_id` is not a canonical field of `contact`, so it needs a `type`",
    ),
    ("email: email", "email: {at: email, type: text}", "type", "`email` is a canonical field of type email: leave"),
    ("[first, last]", "first", "as", "`person_name` needs two paths in `at`: first name, last name"),
    ("owner, type: text", "o, type: date, as: email", "as", "`email` gives domain or email or ref or text, but"),
    ("owner, type: text", "o, type: set", "owner_id", 'a set needs to know how it is written: `as: {set: ";"}`'),
    ("owner, type: text", "o, type: date, on_bad: keep", "on_bad", "only a text can keep a bad value, not date"),
    (
        "owner, type: text",
        "o, type: integer, default: x",
        "default",
        "the default 'x' does not fit the type integer of",
    ),
    ("owner, type: text", "o, type: text, as: options", "as", "`options` needs `discover` with `options`"),
    (
        "fields/$type, name: name",
        "fields/$type, records: a",
        "discover",
        "`discover` needs `name`, or `records` that end",
    ),
    ("at: owner, ", "", "owner_id", "`owner_id` has no path: the key `at` is missing"),
    ("name: demo", "name: crm", "name", "the name crm is taken by the store"),
    ("vars: {ver: v1}", "vars: {ver: v1, limit: 3}", "limit", "the name `limit` is taken by the language"),
    ("vars: {type: deals}", "vars: {type: deals, burst: 1}", "burst", "`burst` is already an option in `config`"),
    (
        "    by_id: {do: GET /$ver/$type, query: {ids: $ids}, batch: 100, records: results}\n",
        "",
        "read",
        "`census` needs",
    ),
    (
        "GET /$ver/$type, query: {ids",
        "GET $ver/$type, query: {ids",
        "do",
        "a request goes to a path (/...) or an https",
    ),
    ('  base_url: {default: "https://api.example.com"}\n', "", "do", "a path needs the option `base_url` in `config`"),
    (
        "rate: $burst",
        "concurrent: 2, rate: $burst",
        "burst",
        "a limit is exactly one of `rate`, `budget`, `concurrent`",
    ),
    ("type: integer, default: 10", "type: integer", "rate", "a limit needs a number: give `burst` a default or make"),
    ("type: integer, default: 10", "default: 10", "rate", "a limit is a number: `burst` needs `type: integer`"),
    ("ver: v1", "ver: a$w, w: $ver", "ver", "runs in a circle: `$ver`, `$w`"),
    ("secret: true", "secret: true, default: x", "default", "`token` is a secret: it cannot have a default"),
    ("default: 10", "default: x", "default", "the default of `burst` must be a whole number, not 'x'"),
]


@pytest.mark.parametrize(("old", "new", "at", "message"), MEANING)
def test_a_mistake_of_meaning_is_told_where_it_was_written(old, new, at, message):
    """What `defaults` gets wrong is told there, once, whatever the number of streams."""
    assert told(changed(old, new), at, message)


WINDOW = (
    "  read:\n    changes: {do: POST /search, body: {a: $lower, b: $upper, c: $after_id}, bounds: iso, overlap: 5m}\n"
)


@pytest.mark.parametrize(
    ("old", "new", "at", "message"),
    [
        ("bounds: iso, ", "", "changes", "a window needs `bounds` in stream `contact`"),
        (", overlap: 5m", "", "changes", "a window needs `overlap` in stream `contact`"),
        ("a: $lower, ", "", "changes", "a window must ask for `$lower`"),
        (", c: $after_id", "", "changes", "a window must go on by `$after_id`"),
        (
            "{a: $lower, b: $upper, c: $after_id}",
            "{a: $lower, b: $upper}, next: n",
            "changes",
            "a window must go on by",
        ),
        ("c: $after_id}", "c: $after_id, d: $page}", "d", "`$page` has no value in `changes`"),
        ("overlap: 5m", "overlap: 5m, cap: 9, total: n", "cap: 9", "with `cap`, the parts of a window are read by"),
        ("overlap: 5m", "overlap: 5m, token: t", "token: t", "`token` is for a list, not for a window"),
        ("overlap: 5m", "overlap: 5m, cap: 9", "changes", "`cap` needs `total` in stream `contact`"),
    ],
)
def test_a_window_that_would_lose_records_is_refused(old, new, at, message):
    """It needs bounds, overlap, both ends, a way on, and a way below the provider's cap."""
    assert told(SPEC.replace("  read:\n", WINDOW.replace(old, new), 1), at, message)


LISTED = (
    "  read:\n    changes: {by: list, do: GET /c, query: {s: $since, a: $page}, next: n, bounds: iso, overlap: 5m}\n"
)


def test_a_list_of_changes_goes_on_from_a_time_or_a_token():
    """A token may be a link, which needs no place; under a name that an option has, it would be the option."""
    assert faults(SPEC.replace("  read:\n", LISTED, 1)) == []
    token = LISTED.replace("s: $since, ", "").replace("bounds: iso, overlap: 5m", "token: t")
    assert faults(SPEC.replace("  read:\n", token, 1)) == []
    named = SPEC.replace("  read:\n", token.replace("a: $page", "a: $page, t: $token"), 1)
    assert told(named, "changes", "`$token` would be the option: rename the option `token`")
    other = named.replace("token: {secret", "pat: {secret").replace("[token]", "[pat]").replace("Bearer $token", "$pat")
    assert faults(other) == []


@pytest.mark.parametrize(
    ("old", "new", "at", "message"),
    [
        ("s: $since, ", "", "changes", "a list of changes must ask for `$since`, or have `token`"),
        ("bounds: iso, ", "", "changes", "`$since` needs `bounds` in stream `contact`"),
        (", overlap: 5m", "", "changes", "`$since` needs `overlap` in stream `contact`"),
        ("$since, a", "$since, l: $lower, a", "l: $lower", "`$lower` has no value in `changes`"),
    ],
)
def test_a_list_of_changes_that_would_lose_records_is_refused(old, new, at, message):
    """It needs what it goes on from, written as the CRM reads it, and how far to reach back."""
    assert told(SPEC.replace("  read:\n", LISTED.replace(old, new), 1), at, message)


def test_a_window_needs_the_time_of_change():
    """Without `record.updated_at` nothing tells which copy of a record is newer."""
    text = SPEC.replace("  read:\n", WINDOW, 1).replace("  record: {updated_at: updated}\n", "")

    assert "a window needs `record.updated_at` in stream `contact`" in faults(text)[0]


LINK = """\
link:
  read:
    do: POST /links/$type/$to
    body: {of: $items}
    item: {id: $id}
    from: id
    ref: to[].id
    prefer: {"to[].k": $primary}
defaults:
"""
LINKED = SPEC.replace("defaults:\n", LINK).replace(
    "vars: {type: deals}\n    fields:\n",
    "vars: {type: deals}\n    fields:\n      company_id: {link: {to: companies, primary: 5}}\n",
)


def test_a_link_that_can_be_read_has_no_faults():
    """With its request at the top, or with a path of its own; unused, it may ask for what no stream has."""
    assert faults(LINKED) == []
    assert faults(changed("email: email", "email: email\n      company_id: {at: firm, link: {to: companies}}")) == []
    assert faults(SPEC.replace("defaults:\n", LINK.replace("$type", "$kind"))) == []


@pytest.mark.parametrize(
    ("old", "new", "at", "message"),
    [
        ("$type/$to", "$type/$too", "do", "unknown placeholder `$too`; did you mean `$to`?"),
        ("{of: $items}", "{of: $items, n: $names}", "n", "`$names` has no value in `link.read`"),
        ("{of: $items}", "{of: $type}", "read", "`read` must ask for `$ids` or `$items`"),
        ("{of: $items}", "{of: $id}", "read", "`$id` outside of `item`, one record a request, is part of the language"),
        ("    item: {id: $id}\n", "", "read", "`$items` needs `item`"),
        ("item: {id: $id}", "item: {id: 5}", "item", "`item` must hold `$id`"),
        ("    from: id\n", "", "read", "the key `from` is missing in `read`"),
        ("from: id", "missing_ok: X\n    from: id", "missing_ok", "`missing_ok` must be a map, not 'X'"),
        ("from: id", "missing_ok: {at: e}\n    from: id", "missing_ok", "the key `when` is missing in `missing_ok`"),
        ("from: id", "missing_ok: {at: 'e[]', when: {a: 1}}\n    from: id", "at", "`at` must be a path without lists"),
        ("from: id", "missing_ok: {at: e, when: {a: $x}}\n    from: id", "a", "unknown placeholder `$x`"),
        ("from: id", "next: n\n    from: id", "next", "`next` is part of the language but this version"),
        ("primary: 5", "primary: 5, kind: 1", "kind", "unknown key `kind`; possible in `link`: to, primary"),
        ("to: companies, ", "", "link", "the key `to` is missing in `link`"),
        ("to: companies", "to: $company", "to", "unknown placeholder `$company`"),
        ("{link: {to", "{nulls: [x], link: {to", "nulls", "`nulls` is for a value in the record, at `at`"),
        ("company_id: {", "name: {", "link", "a link is of type ref, but `name` is of type text"),
    ],
)
def test_a_mistake_in_a_link_is_told(old, new, at, message):
    """In the request at the top, or in the field's line."""
    assert LINKED.count(old) == 1
    assert told(LINKED.replace(old, new), at, message)


def test_a_link_needs_its_request_at_the_top():
    """Else nothing would say how it is read."""
    text = changed("email: email", "email: email\n      company_id: {link: {to: companies}}")

    assert told(text, "link", "a `link` without `at` needs `link.read` at the top of the spec")


def test_many_links_over_a_large_request_are_refused_unbuilt():
    """Each field's request has the constants put in: they count for each of them."""
    fields = "".join(f"      l{i}: {{type: ref, link: {{to: x}}}}\n" for i in range(60))
    text = LINKED.replace("{of: $items}", "{of: $items, a: $big}").replace("ver: v1", f"ver: v1, big: {'x' * 80_000}")

    assert faults(text) == []
    assert "larger than 4 MB" in faults(text.replace("      company_id: {l", f"{fields}      company_id: {{l"))[0]


def test_all_mistakes_are_told_at_once_and_in_order():
    """A mistake of shape hides none of meaning, and follows from none."""
    text = SPEC.replace("vars: {ver: v1}", "vras: {ver: v1}").replace("email: email", "email: {att: email}")
    text = text.replace("pool: burst", "pool: b")

    found = check(yaml.parse(text, "s"), load.objects())

    assert list(found) == sorted(found)
    assert {(f.line, f.code) for f in found} >= {(3, "SP101"), (15, "SP203"), (30, "SP101"), (10, "SP201")}


def test_records_may_be_asked_for_one_by_one():
    """Without `batch` and `item`, which are for many at once."""
    assert faults(changed("query: {ids: $ids}, batch: 100", "query: {id: $id}")) == []


def test_a_case_may_end_in_another_transform():
    """Its paths stand in its conditions; the rest is read from the field's own."""
    case = "{case: [{when: {gone: true}, is: lost}], else: {list: stage}}"
    right = changed("email: email", f"lost: {{type: text, at: stage, as: {case}}}")

    assert faults(right) == []
    assert told(right.replace("else: {list: stage}", "else: {list: stag}"), "list: stag", "there is no list `stag`")


def test_null_in_a_stream_removes_what_it_inherits():
    """A stream without `census` needs no `by_id`."""
    text = SPEC.replace("    vars: {type: deals}", "    vars: {type: deals}\n    deletes: {census: null}")
    text = text.replace("census: {every: 7d}", "census: {every: 7d}").replace("    by_id:", "    #by_id:")

    assert [line for line in faults(text) if "`deal`" in line] == []
    assert [line for line in faults(text) if "`contact`" in line] != []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("ver: v1", "ver: v1, a0: ha, LAUGHS"),
        ("type: deals", "type: deals, a0: ha, LAUGHS"),
        ("  base_url", "  a0: {default: ha}\n  LAUGHS\n  base_url"),
        ("ver: v1", "ver: v1, a0: ha, " + ", ".join(f"a{i + 1}: [$a{i}]" for i in range(60))),
    ],
)
def test_constants_that_explode_are_refused_unexploded(old, new):
    """A billion laughs: each constant, or default, names the one before ten times, or wraps it."""
    inside = {f"a{i + 1}": "".join([f"$a{i}"] * 10) for i in range(60)}
    lines = [f"{name}: {{default: {text}}}" if "default" in new else f"{name}: {text}" for name, text in inside.items()]
    laughs = ("\n  " if "default" in new else ", ").join(lines)

    found = faults(changed(old, new.replace("LAUGHS", laughs)))

    assert len(found) == 1
    assert "larger than 4 MB or 40 levels, with its constants put in [SP211]" in found[0]


@pytest.mark.parametrize("text", ["", "[]", "5", "crmsync", "crmsync: 1", "streams: 5", "streams: {a: 5}\ndefaults: 7"])
def test_what_is_no_spec_at_all_is_told_so(text):
    """Never an exception of ours or of the library's."""
    assert faults(text) != []


def test_load_tells_every_mistake_on_a_line_of_its_own(tmp_path):
    """The message is what a person reads; `faults` is what a program does."""
    file = tmp_path / "spec.yaml"
    file.write_text(SPEC.replace("vars:", "vras:").replace("streams:", "streem:"), "utf-8")

    with pytest.raises(SpecError) as caught:
        load.load(file)

    assert caught.value.message.splitlines() == [str(fault) for fault in caught.value.faults]
    assert len(caught.value.faults) > 2


def test_a_file_that_cannot_be_read_is_a_spec_error(tmp_path):
    """Absent, a folder, not UTF-8: one sentence each."""
    (tmp_path / "latin.yaml").write_bytes(b"a: 1\nb: \xe9\n")

    for name, message in (
        ("none.yaml", "No such file"),
        (".", "directory"),
        ("latin.yaml", ":2:1: this line is not UTF-8"),
    ):
        with pytest.raises(SpecError, match=message):
            load.load(tmp_path / name)


def schema() -> dict[str, Any]:
    return json.loads(importlib.resources.files("crmsync").joinpath("specs/crmsync-1.schema.json").read_text("utf-8"))


def test_the_schema_is_a_schema_and_explains_every_key():
    """An editor shows a sentence for whatever may be typed."""
    jsonschema.Draft202012Validator.check_schema(schema())
    parts = {"": schema(), **schema()["$defs"]}
    silent = [
        f"{name}.{key}"
        for name, part in parts.items()
        for key, line in part.get("properties", {}).items()
        if "description" not in line
    ]

    assert silent == []


def test_every_map_of_the_schema_is_closed():
    """A typo can hide nowhere but in requests' bodies and constants."""
    parts = {"": schema(), **schema()["$defs"]}

    assert [name for name, part in parts.items() if "properties" in part and "additionalProperties" not in part] == []


def test_what_is_carried_is_not_in_the_table_of_what_is_not():
    """The table of keys to come shrinks as the schema grows."""
    parts = {"spec": schema(), **schema()["$defs"]}

    assert set(LATER_KEYS) <= set(parts)
    assert [k for name, keys in LATER_KEYS.items() for k in keys.split() if k in parts[name]["properties"]] == []


TREE = yaml.parse(HUBSPOT.read_text("utf-8"), "spec.yaml").tree
ODD = st.sampled_from(
    [
        *(None, True, 0, -1, 1.5, "", "x", "$", "$x", "$token", "$names", "$timezone", "$burst", "a..b", "set", 10**17),
        *(
            [],
            [None],
            ["a", None],
            [[]],
            {},
            {"+": "$d"},
            {"by": "burst", "else": 3},
            {"by": "list"},
            "$objects$objects",
        ),
        *({"case": [], "else": 1}, {"a": {"b": [1]}}, {"list": "stage"}, "GET /$d", "GET x", "5xx", "window"),
    ]
)


def nodes(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [found for key, value in items for found in [(*path, key), *nodes(value, (*path, key))]]


PLACES = nodes(TREE)
CHANGES = st.lists(
    st.tuples(st.sampled_from(PLACES), st.sampled_from(["drop", "rename", "put"]), ODD), min_size=1, max_size=3
)


def mutant(changes: list[tuple[Any, ...]]) -> Any:
    tree = copy.deepcopy(TREE)
    for path, how, value in changes:
        holder, odd = holder_of(tree, path), copy.deepcopy(value)  # a change may be put into an earlier one
        if isinstance(holder, dict):
            old = holder.pop(path[-1], None)
            holder.update({"drop": {}, "rename": {str(odd): old}, "put": {path[-1]: odd}}[how])
        elif isinstance(holder, list):
            holder[:1] = [odd]
    return tree


def holder_of(tree: Any, path: tuple[Any, ...]) -> Any:
    for key in path[:-1]:
        try:
            tree = tree[key]
        except (KeyError, IndexError, TypeError):  # gone by an earlier change
            return None
    return tree


@settings(max_examples=examples(100, 600), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example([(("auth", "oauth", "authorize"), "put", "$burst")])  # an address from a number
@given(CHANGES)
def test_a_mutant_has_faults_or_can_be_built(changes):
    """Whatever is dropped, renamed or put in: no exception but our own, and no broken spec gets through."""
    tree = mutant(changes)

    if not check(yaml.Document("mutant", tree, {}), load.objects()):
        spec = build.build(tree, load.objects(), {"token": "t", "timezone": "US/Eastern", "currency": "EUR"})
        assert spec.streams


@settings(max_examples=examples(100, 600), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example([])
@example([(("crmsync",), "put", True)])  # which Python takes for 1
@given(CHANGES)
def test_the_quick_look_at_a_spec_agrees_with_json_schema(changes):
    """It says yes to what has no mistakes of shape, and to nothing else."""
    tree = mutant(changes)

    quick = Schema(schema(), lambda pattern, text: re.search(pattern, text) is not None)
    assert quick.fits(tree) == jsonschema.Draft202012Validator(schema()).is_valid(tree)


@pytest.mark.parametrize("file", sorted(ROOT.glob("connectors/*/*/spec.yaml")), ids=lambda file: file.parent.name)
def test_a_right_spec_is_checked_without_importing_jsonschema(file):
    """Each run checks its spec, and should not wait for what tells mistakes."""
    program = "import sys; from pathlib import Path; from crmsync.spec.load import load; load(Path(sys.argv[1])); "
    program += "print('jsonschema' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", program, file], capture_output=True, text=True, check=True).stdout
    assert told.strip() == "False"


CENSUS = "census: {every: 6h, do: GET /ids, query: {a: $after_id}, page: keyset, limit: 9}, confirm: {do: GET /x/$id}"


@pytest.mark.parametrize(
    ("old", "new", "at", "message"),
    [
        ("do: GET /ids, ", "", "census", "`census` has no `do`"),
        ("{a: $after_id}", "{a: 1}", "page", "`page: keyset` must ask for `$after_id`"),
        ("{a: $after_id}", "{a: $after_id, b: $names}", "b: $names", "`$names` has no value in `census`"),
        ("/x/$id", "/x", "confirm", "`confirm` must ask for `$ids`, `$items` or `$id`"),
        ("/x/$id", "/x/$id/$since", "do", "`$since` has no value in `confirm`"),
    ],
)
def test_a_census_of_its_own_asks_for_ids_and_confirms_by_them(old, new, at, message):
    """Both are requests like any other."""
    text = changed("census: {every: 7d}", CENSUS)
    assert faults(text) == []
    assert told(text.replace(old, new), at, message)


def test_a_list_may_be_made_of_several_requests_and_of_options():
    """Further requests say only what differs; mistakes in them are told at their own place."""
    several = "pipeline: [{do: GET /pipelines, key: id, value: label}, {query: {old: true}}]"
    text = changed("pipeline: {do: GET /pipelines, key: id, value: label}", several)
    assert faults(text) == []
    assert told(text.replace("{old: true}", "{old: $odl}"), "old", "unknown placeholder `$odl`")
    options = changed("do: GET /pipelines, key: id, value: label", "options: deal.Stage, also: {a: b.c}")
    assert faults(options.replace("types: {", "options: {at: o, value: v, label: l}, types: {")) == []
