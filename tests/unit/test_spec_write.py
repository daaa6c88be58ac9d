"""What a spec says of writing: right forms become what they say, and every mistake is told at its place."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from crmsync.spec import build, load, yaml
from crmsync.spec.bind import fill
from crmsync.spec.check import check
from crmsync.spec.model import Spec
from crmsync.spec.model_stream import Field
from crmsync.spec.model_write import Operation, Outcome, Write

CONNECTORS = Path(__file__).parents[2] / "connectors"
SPEC = """\
crmsync: 1
name: demo
config:
  base_url: {default: "https://api.example.com"}
  token: {secret: true}
  own_key: {title: A field for our key}
auth:
  token: {kind: header, needs: [token], headers: {Authorization: Bearer $token}}
check: {do: GET /me, account: id}
transport: {do: POST /rpc, body: {m: $method, a: $args}, result: out.result}
errors:
  - {code: TAKEN, is: conflict, existing: [other.id, message]}
clear: ""
lists:
  stage: {do: GET /stages, key: id, value: label, also: {status: kind}}
link:
  read: {do: POST /links/$type/$to, body: {of: $ids}, from: id, ref: "to[].id"}
  write:
    do: PUT /links/$type/$to
    body: $items
    item: {of: $id, to: $ref, kind: $primary}
    batch: 5
    outcome: {by: whole}
  clear: {do: DELETE /links/$type/$id/$to/$old, outcome: {by: whole}}
defaults:
  read:
    full: {do: GET /$type}
    find: {do: POST /$type/find, body: {by: $unique, of: $items}, item: {v: $value}, batch: 9}
  write:
    common:
      body: {all: $items}
      batch: 100
      cost: {items: 10}
      outcome: {by: key, results: done, key: key, id: id, errors: bad, error_keys: keys, code: code}
    create: {do: POST /$type, item: {+: $fields, key: $key}}
    update: {do: PATCH /$type, item: {+: $fields, id: $id, key: $key}, set: {from: us}}
    upsert: {do: PUT /$type, item: {+: $fields, $unique: $value, key: $key}, outcome: {message: why}}
    archive: {do: DELETE /$type, body: null, query: {ids: $ids}, outcome: {by: whole}}
streams:
  contact:
    vars: {type: people}
    identify: {by: email, at: mail}
    fields:
      name: {at: [first, last], as: person_name, required: true, stand_in: email}
      email: mail
      phone: {at: [phone, mobile], to: tel.work}
      job_title: {at: title, as: {map: {a: Boss, b: Help}}}
      company_id: {at: firm.id, to: firm, put: {id: $value}}
  deal:
    vars: {type: deals}
    identify: {by: key, at: $own_key}
    fields:
      name: title
      stage: {at: stage, as: {list: stage}}
      status:
        at: stage
        as: {case: [{when: {gone: true}, is: lost}], else: {list: stage, take: status}}
        sets: {lost: {gone: true, why: null}, open: {gone: false}}
      amount: {at: value, dir: read}
      company_id: {link: {to: firms, primary: 5}}
      contact_id: {at: person, link: {to: people}}
  note:
    vars: {type: notes}
    write: null
    fields:
      text: {at: "texts[].a", type: text}
  row:
    vars: {type: rows}
    fields:
      text: {at: text, to: 'x/\\.id', type: text}
      owner: {at: own, to: pair, type: ref}
      parent: {at: par, to: pair, type: ref}
    write:
      common:
        do: null
        body: null
        call: $type.load
        args: {names: $columns, rows: $rows}
        layout: table
        outcome: {by: all, ids: ids, errors: faults, index: row, only: {kind: error}}
      create: {do: null, item: null, keys: {id: crmsync.$connection-$stream-$key}, idempotent: true}
      update: {do: null, item: null, keys: {.id: $id}}
      upsert: null
      archive: {do: null, query: null, outcome: null, keys: {.id: $id}, set: {active: "0"}}
"""


def spec(**values: Any) -> Spec:
    return build.build(load.load_text(SPEC, "s").tree, load.objects(), values)


def written(stream: str, **values: Any) -> Write:
    write = spec(**values).streams[stream].write
    assert write is not None
    return write


def operation(stream: str, name: str, **values: Any) -> Operation:
    made = getattr(written(stream, **values), name)
    assert isinstance(made, Operation)
    return made


def field(stream: str, name: str) -> Field:
    return next(f for f in spec().streams[stream].fields if f.name == name)


# -- what is built -----------------------------------------------------------------------------------------------------


def test_an_operation_is_a_request_with_what_all_have_in_common():
    """Its own words win; placeholders of an item stay for its values."""
    update = operation("contact", "update")

    assert (update.request.method, update.request.path, update.request.batch) == ("PATCH", "/people", 100)
    assert update.request.body == {"all": "$items"}
    assert update.request.item == {"+": "$fields", "id": "$id", "key": "$key"}
    assert (update.request.cost, update.request.cost_items) == (1, 10)
    assert (update.layout, update.constants, update.idempotent) == ("object", {"from": "us"}, False)


def test_an_outcome_is_merged_unless_it_tells_in_another_way():
    """Of an upsert, one word is added; an archive's has nothing of the others'."""
    common = Outcome("key", "done", key="key", id="id", errors="bad", error_keys="keys", code="code")

    assert operation("contact", "create").outcome == common
    assert operation("contact", "upsert").outcome.message == "why"
    assert operation("contact", "upsert").outcome.error_keys == "keys"
    assert operation("contact", "archive").outcome == Outcome("whole")


def test_what_finds_a_record_again_is_put_in():
    """The CRM's name of it, in whatever asks for it."""
    stream = spec().streams["contact"]

    assert (written("contact").by, written("contact").unique, written("contact").new) == ("email", "mail", "upsert")
    assert operation("contact", "upsert").request.item == {"+": "$fields", "mail": "$value", "key": "$key"}
    assert stream.find is not None
    assert stream.find.body == {"by": "mail", "of": "$items"}
    assert (stream.find.item, stream.find.batch, stream.find.one) == ({"v": "$value"}, 9, False)


def test_without_what_finds_a_record_again_there_is_no_upsert():
    """Where its option is not set, or the stream has none: records are created, and nothing finds them."""
    unset, option = spec().streams["deal"], spec(own_key="a$b").streams["deal"]

    assert (written("deal").unique, written("deal").upsert, written("deal").new, unset.find) == (
        None,
        None,
        "create",
        None,
    )
    assert (written("deal", own_key="a$b").unique, written("deal", own_key="a$b").new) == ("a$b", "upsert")
    assert option.find is not None
    assert fill(option.find.body, {"items": [1]}) == {"by": "a$b", "of": [1]}
    assert "unique" not in option.vars


def test_a_table_has_keys_and_cells_and_paths_behind_the_envelope():
    """What a call answers is where the transport has its result; what is told of one item is not."""
    create, archive = operation("row", "create"), operation("row", "archive")

    assert create.request.body == {"m": "load", "a": {"names": "$columns", "rows": "$rows"}}
    assert (create.layout, create.keys, create.idempotent) == ("table", {"id": "crmsync.$connection-row-$key"}, True)
    assert (create.outcome.ids, create.outcome.errors, create.outcome.index) == (
        "out.result.ids",
        "out.result.faults",
        "row",
    )
    assert create.outcome.only == {"kind": "error"}
    assert (archive.keys, archive.constants) == ({".id": "$id"}, {"active": "0"})


def test_links_are_written_whether_a_record_shows_them_or_not():
    """Each field's own ends are put in; what it does not say is left out."""
    first, second = written("deal").links

    assert (first.field, second.field) == ("company_id", "contact_id")
    assert first.write.request.path == "/links/deals/firms"
    assert first.write.request.item == {"of": "$id", "to": "$ref", "kind": 5}
    assert (first.write.request.one, first.clear.request.one) == (False, True)
    assert first.clear.request.path == "/links/deals/$id/firms/$old"
    assert fill(second.write.request.item, {"id": "1", "ref": "2"}) == {"of": "1", "to": "2"}
    assert [link.field for link in spec().streams["deal"].links] == ["company_id"]


@pytest.mark.parametrize(
    ("stream", "name", "to"),
    [
        ("contact", "email", "mail"),
        ("contact", "name", "first"),
        ("contact", "phone", "tel.work"),
        ("contact", "company_id", "firm"),
        ("deal", "status", None),
        ("deal", "amount", None),
        ("deal", "company_id", None),
        ("deal", "contact_id", None),
        ("note", "text", None),
        ("row", "text", r"x/\.id"),
    ],
)
def test_a_field_is_written_where_it_is_read_unless_its_line_says_otherwise(stream, name, to):
    """A case by what it sets, a link by a request of its own, and nothing in a stream that is read only."""
    assert field(stream, name).to == to


def test_a_field_says_what_is_written():
    """What stands around the value, what makes a value so, and what a record cannot do without."""
    assert field("contact", "company_id").put == {"id": "$value"}
    assert field("deal", "status").sets == {"lost": {"gone": True, "why": None}, "open": {"gone": False}}
    assert (field("contact", "name").required, field("contact", "name").stand_in) == (True, "email")
    assert (field("deal", "amount").dir, field("note", "text").dir) == ("read", "read")


def test_a_stream_may_be_read_only():
    """By saying nothing of writes, or by a null for what it inherits."""
    assert spec().streams["note"].write is None


def test_a_spec_says_how_to_clear_and_with_whom_a_write_is_in_conflict():
    """Without a word, null clears."""
    plain = build.build(load.load_text(SPEC.replace('clear: ""\n', ""), "s").tree, load.objects(), {})

    assert (spec().clear, plain.clear) == ("", None)
    assert (spec().rules[0].outcome, spec().rules[0].existing) == ("conflict", ("other.id", "message"))


@pytest.mark.parametrize("name", ["hubspot", "zoho", "odoo"])
def test_each_connector_writes_every_canonical_field_that_its_crm_lets_be_written(name):
    """What is read only is computed, or said by another field."""
    tree = load.load(CONNECTORS / name / f"crmsync_{name}" / "spec.yaml").tree
    built = build.build(tree, load.objects(), {"size_field": "x_size", "timezone": "UTC", "currency": "EUR"})
    silent = {
        f"{stream.name}.{f.name}"
        for stream in built.streams.values()
        for f in stream.fields
        if f.name in load.objects()[stream.name] and f.dir == "read"
    }

    assert silent == {"hubspot": {"deal.status"}, "zoho": {"deal.status"}, "odoo": {"deal.currency"}}[name]
    for stream in built.streams.values():
        assert stream.write is not None
        assert stream.write.create
        assert stream.write.update
        assert stream.write.archive
        assert [r for r in (stream.write.create, stream.write.update) if not (r.request.batch or 0) >= 100] == []


# -- what is refused ---------------------------------------------------------------------------------------------------


def faults(text: str) -> list[str]:
    return [str(fault) for fault in check(yaml.parse(text, "s"), load.objects())]


def told(old: str, new: str, at: str, message: str) -> bool:
    """Whether, with `old` replaced, a fault starts with `message`, once, at a place that starts with `at`."""
    assert SPEC.count(old) == 1, f"{old!r} stands {SPEC.count(old)} times in the spec"
    text = SPEC.replace(old, new)
    lines = text.splitlines()
    found = [f for f in check(yaml.parse(text, "s"), load.objects()) if f.message.startswith(message)]
    places = [lines[f.line - 1][f.column - 1 :] for f in found]
    assert len([place for place in places if place.startswith(at)]) == 1, faults(text)
    return True


def test_a_right_spec_has_no_faults():
    """The base of every test here."""
    assert faults(SPEC) == []


UPDATE = "update: {do: PATCH /$type, item: {+: $fields, id: $id, key: $key}"
ROW = "create: {do: null, item: null, keys: {id: crmsync.$connection-$stream-$key}"
WHOLE = "batch: 5\n    outcome: {by: whole}"
KEY = "outcome: {by: key, results: done, key: key, id: id, errors: bad, error_keys: keys, code: code}"


@pytest.mark.parametrize(
    ("old", "new", "at", "message"),
    [
        ("do: PATCH /$type", "do: GET /$type", "do", "`do` must be a request such as PATCH /contacts (writes are POST"),
        ("full: {do: GET", "full: {do: PUT", "do", "`do` must be a request such as GET /contacts (reads are GET or"),
        ("do: PATCH /$type", "form: {}", "form", "`form` is part of the language but this version"),
        ("full: {do: GET /$type}", "full: {do: GET /$type, cost: {items: 3}}", "cost", "`cost` must be a whole number"),
        ("cost: {items: 10}", "cost: {item: 10}", "item", "unknown key `item`; did you mean `items`?"),
        ("update: {do: PATCH", "updat: {do: PATCH", "updat", "unknown key `updat`; did you mean `update`?"),
        ("by: all", "by: al", "by", "`by` must be one of order, key, all, whole, not 'al'; did you mean"),
        ("to: tel.work", "to: 'tel[].work'", "to", "`to` must be a path of names such as a.b, not 'tel[].work'"),
        ("put: {id: $value}", "put: $value", "put", "`put` must be a map or a list with $value in it, not '$value'"),
        ("sets: {lost", "sets: {gone: 5, lost", "gone", "`gone` must be a map of paths and values, not 5"),
        ("dir: read", "dir: write", "dir", "`dir`: write is part of the language but this"),
        ("at: mail}", "at: mail, forms: [x]}", "forms", "`forms` is part of the language but this version"),
        ("  clear: {do: DELETE /links/$type/$id/$to/$old, outcome: {by: whole}}\n", "", "link", "the key `clear` is"),
        (WHOLE, "batch: 5", "write", "the key `outcome` is missing in `write`"),
    ],
)
def test_a_mistake_of_shape_is_told_at_its_key(old, new, at, message):
    """Methods, words and forms of writes."""
    assert told(old, new, at, message)


@pytest.mark.parametrize(
    ("old", "new", "at", "message"),
    [
        ("do: PATCH /$type, item", "item", "update", "`update` has no `do`"),
        ("do: PATCH /$type", "do: PATCH /$type/$id", "do", "`$id` has no value in `update`"),
        ("body: {all: $items}", "body: {all: $items, a: $names}", "a", "`$names` has no value in `create`"),
        ("body: {all: $items}", "body: {all: $item}", "all", "unknown placeholder `$item`; did you mean `$items`?"),
        ("id: $id, key: $key}", "id: $value, key: $key}", "id", "`$value` has no value in `item` of `update`"),
        (
            "item: {+: $fields, key: $key}",
            "item: {+: $fields, $unique: 1, key: $key}",
            "$unique",
            "`$unique` has no value in",
        ),
        ("set: {from: us}", "set: {from: $key}", "from", "`$key` has no value in `set` of `update`"),
        ("+: $fields, id: $id", "id: $id", "item", "`item` must hold `$fields`"),
        (", id: $id, key: $key}", ", key: $key}", "item", "`item` must hold `$id`"),
        (
            "body: {all: $items}",
            "body: {all: 5}",
            "item",
            "`item` is an entry of `$items`, which `create` does not ask",
        ),
        (UPDATE, "update: {do: PATCH /$type", "update", "`$items` needs `item`"),
        (UPDATE, "update: {body: $fields, do: PATCH /$type", "update", "`update` must ask for `$items` or `$id` and"),
        (
            UPDATE,
            "update: {body: $fields, do: PATCH /$type/$id",
            "batch",
            "without `item` there is one record a request",
        ),
        ("query: {ids: $ids}", "query: {a: 1}", "archive", "`archive` must ask for `$ids`, `$items` or `$id`"),
        ("query: {ids: $ids}", "query: {ids: $ids, a: $fields}", "a", "`$fields` has no value in `archive`"),
        (UPDATE, UPDATE + ", keys: {a: $id}", "keys", "`keys` are for `layout: table`"),
        (UPDATE, UPDATE + ", idempotent: true", "idempotent", "`idempotent` is for requests that make records"),
        (
            ", keys: {.id: $id}}\n      upsert",
            "}\n      upsert",
            "update",
            "a table needs `keys`, which name its records",
        ),
        ("{.id: $id}}\n      upsert", "{.id: x}}\n      upsert", "keys", "`keys` must hold `$id`"),
        ("rows: $rows", "rows: 5", "create", "a table must ask for `$rows`"),
        (ROW, ROW.replace("item: null", "item: {a: $key}"), "item", "a table has `$rows`, so there is no `item`"),
        (ROW, ROW.replace("-$key", ""), "idempotent", "`idempotent` needs `$key`, by which records are told apart"),
        (', set: {active: "0"}', "", "archive", "a table that archives needs `set`"),
        ("      upsert: null", "      new: upsert\n      upsert: null", "new", "`new: upsert` needs `upsert`"),
    ],
)
def test_an_operation_that_could_not_write_is_refused(old, new, at, message):
    """It asks for what is written and for whose it is, in the way in which it asks for items."""
    assert told(old, new, at, message)


@pytest.mark.parametrize(
    ("old", "new", "at", "message"),
    [
        ("ids: $ids}, outcome: {by: whole}}", "ids: $ids}, outcome: null}", "archive", "`archive` has no `outcome`"),
        (KEY, "limits: x", "limits", "unknown key `limits`"),
        (f"      {KEY}\n", "", "create", "`create` has no `outcome`"),
        ("by: key, results", "results", "outcome", "`outcome` needs `by`: order, key, all, whole"),
        (", key: key, id", ", id", "outcome", "`by: key` needs `key`"),
        ("key: key, id: id", "key: key", "outcome", "`create` needs `id`: of what record an item is"),
        ("ids: ids, ", "", "outcome", "`by: all` needs `ids`"),
        ("by: key, results", "by: key, index: i, results", "index", "`by: key` has no `index`; possible: results, key"),
        ("by: key, results", "by: key, ids: i, results", "ids", "`by: key` has no `ids`; did you mean `id`?"),
        ("by: key, results: done", "by: order, results: done", "outcome", "`by: order` needs `ok`"),
        ("errors: bad, ", "", "outcome", "`error_keys` needs `errors`"),
        (", error_keys: keys", "", "outcome", "`errors` need `error_keys` or `error_ids`"),
        ("index: row, ", "", "outcome", "`by: all` needs `index`"),
        ("key: key, id: id", "key: 'key[]', id: id", "key", "`key` must be a path without lists, such as a.b, not"),
        ("+: $fields, id: $id, key: $key", "+: $fields, id: $id", "by", "`by: key` needs `$key` in the request"),
        (
            "ids: $ids}, outcome: {by: whole",
            "ids: $ids}, outcome: {by: whole, id: x",
            "id: x",
            "`by: whole` tells of no",
        ),
        (WHOLE, "batch: 5\n    outcome: {by: key, key: k}", "by: key", "the write of a link has no `$key`"),
        (
            "item: {+: $fields, key: $key}}",
            "item: {+: $fields, key: $key}, outcome: {by: whole, errors: bad}}",
            "errors: bad}}",
            "where there are `errors`, `by: whole` sends the items again",
        ),
    ],
)
def test_an_outcome_that_could_not_tell_is_refused(old, new, at, message):
    """Each `by` has its own words; what makes records must tell which."""
    assert told(old, new, at, message)


@pytest.mark.parametrize(
    ("old", "new", "at", "message"),
    [
        ("by: email, at: mail", "by: mail, at: mail", "by", "`identify` names no field: `mail`; did you mean `email`?"),
        ("by: email, at: mail", "at: mail", "identify", "`at` needs `by`, a field or `key`,"),
        ("at: $own_key}", "at: $own_kye}", "at", "unknown placeholder `$own_kye`; did you mean `$own_key`?"),
        ("do: POST /$type/find, ", "", "find", "`find` has no `do`"),
        ("of: $items}, item: {v: $value}", "of: 1}", "find", "`find` must ask for `$values`, `$items` or `$value`"),
        ("of: $items}, item: {v: $value}", "of: $value}", "batch", "`$value` is one record a request, so there is no"),
        ("item: {v: $value}", "item: {v: $key}", "v", "`$key` has no value in `item` of `find`"),
        ("{by: $unique, of: $items}", "{by: $since, of: $items}", "by", "`$since` has no value in `find`"),
        (
            "    identify: {by: email, at: mail}\n",
            "    read: {find: {batch: 3}}\n",
            "contact",
            "`find` needs `identify`",
        ),
        ("own_key: {t", "email: {}\n  own_key: {t", "by", "`by: email` would be read as a pick: rename the option"),
        ("is: conflict, ", "is: invalid, ", "existing", "`existing` belongs to `is: conflict`"),
        ("to: $ref", "to: $old", "to: $old", "`$old` has no value in `item` of `link.write`"),
        ("of: $id, to: $ref, ", "of: $id, ", "item", "`item` must hold `$ref`"),
        ("$to/$old, outcome", "$to, outcome", "clear", "`link.clear` must ask for `$items` or `$id` and `$old`"),
    ],
)
def test_what_finds_a_record_again_and_what_links_it_must_be_there(old, new, at, message):
    """Names, fields and options; the ends of a link."""
    assert told(old, new, at, message)


STAGE = "stage: {at: stage, as: {list: stage}}"


@pytest.mark.parametrize(
    ("old", "new", "at", "message"),
    [
        ("email: mail\n", "email: {at: [mail, mail2]}\n", "at", "of several paths, `to` says which is written"),
        ("email: mail\n", "email: 'mails[].a'\n", "email", "a path with lists or maps needs `to` and `put`, which say"),
        ("email: mail\n", "email: {at: 'm[].a', to: m}\n", "at", "a path with lists or maps needs `put`, which say"),
        (
            "email: mail\n",
            "email: {at: 'm{}.a', put: {a: $value}}\n",
            "at",
            "a path with lists or maps needs `to`, which",
        ),
        (
            "email: mail\n",
            "email: {at: 'm[].a', to: m, put: {a: $value}}\n",
            "to",
            "a map is put over the element that is",
        ),
        (
            "email: mail\n",
            "email: {at: 'firm[].a', put: {a: $value}}\n",
            "company_id",
            "`email` and `company_id` would",
        ),
        ("email: mail\n", "email: ^mail\n", "email", "a path that leaves the fields of a record needs `to`"),
        ("b: Help", "b: Boss", "as", "two values become 'Boss', so it cannot be written: say `dir: read`"),
        (
            STAGE,
            STAGE.replace("list: stage}", "list: stage, take: status}"),
            "as",
            "a column of a list (`take`) cannot",
        ),
        ("        sets: {lost: {gone: true, why: null}, open: {gone: false}}\n", "", "as", "a `case` needs `sets`"),
        ("sets: {lost", "to: x\n        sets: {lost", "to", "a `case` is written by what it `sets`, so there is no"),
        (STAGE, "stage: {at: stage, sets: {a: {b: 1}}}", "sets", "`sets` is for a `case`"),
        ("as: person_name,", "as: person_name, to: n,", "to: n", "a name is written to both its paths: at `to`, `put`"),
        ("person, link", "person, put: [$value], link", "put", "a link is written by the top's `link.write`, so there"),
        ("put: {id: $value}", "put: {id: 5}", "put", "`put` must hold `$value`"),
        ("put: {id: $value}", "put: {id: $value, a: $key}", "a", "`$key` has no value in `put` of `company_id`"),
        ("value, dir: read", "value, dir: read, required: true", "required", "`required` is for writes, but `amount`"),
        (
            "stand_in: email",
            "stand_in: emial",
            "stand_in",
            "`stand_in` names no other field of `contact`: `emial`; did",
        ),
        ("name: title\n", "name: {at: title, stand_in: amount}\n", "stand_in", "only a text can stand in for a text"),
        ("email: mail\n", "email: first\n", "email", "`name` and `email` would both write `first`: let one of them"),
        ("phone, mobile], to: tel.work", "phone, mobile], to: mail", "phone", "`email` and `phone` would both write"),
        ("email: mail\n", "email: firm.mail\n", "company_id", "`email` and `company_id` would both write `firm`"),
        ("name: title\n", "name: gone\n", "status", "`name` and `status` would both write `gone`"),
        ("email: mail\n", "email: from\n", "email", "`update` sets `from` in each record, so `email` cannot write it"),
        ("par, to: pair, type: ref", "par, to: pair, type: text", "parent", "`owner` and `parent` would both write"),
        (r"to: 'x/\.id'", "to: x.id", "text", "`x.id` is a path, but columns of a table have no parts"),
    ],
)
def test_a_line_that_cannot_be_read_backwards_is_refused(old, new, at, message):
    """Else an edit would be written as something else, or over another field's."""
    assert told(old, new, at, message)


def test_what_is_only_read_may_be_read_in_any_way():
    """A stream that is not written, and a line that says so."""
    line = "      deep: {at: 'a[].b', type: text, dir: read}\n      twin: {at: mail, type: text, dir: read}\n"

    assert faults(SPEC.replace("      email: mail\n", f"      email: mail\n{line}")) == []
    unlinked = re.sub(r"  write:\n    do: PUT(.|\n)*?(?=defaults)", "", SPEC)
    assert [line for line in faults(unlinked) if "`link.write`" in line] != []
    assert faults(unlinked.replace("    vars: {type: deals}", "    vars: {type: deals}\n    write: null")) == []


@pytest.mark.parametrize(
    "line",
    [
        "{at: 'tags[]', to: tags, type: set}",
        "{at: 'mails[].a', to: mails, put: [{a: $value}], type: text}",
        "{at: 'mails[].a', put: {a: $value}, prefer: {'mails[].main': true}, type: text}",
        "{at: 'mails{}.a', to: mails.main, put: {a: $value}, type: text}",
        "{at: [n.f, n.l], as: person_name, to: n, put: {f: $first, l: $last}, type: text}",
    ],
)
def test_a_list_may_be_written_and_a_name_in_parts(line):
    """As a whole, where `put` or the type says so, or by the element that was read."""
    assert faults(SPEC.replace("      email: mail\n", f"      email: mail\n      own: {line}\n")) == []


def test_one_record_a_request_is_told_of_by_the_whole_answer():
    """Its id stands in what is told of it, and nothing is a list."""
    one = SPEC.replace(
        "  note:\n    vars: {type: notes}\n    write: null\n", "  note:\n    vars: {type: notes}\n" + ONE
    )
    one = one.replace('"texts[].a"', "text")

    assert faults(one) == []
    stream = build.build(load.load_text(one, "s").tree, load.objects(), {}).streams["note"]
    assert stream.write is not None
    assert stream.write.update is not None
    assert (stream.write.update.request.one, stream.write.update.request.path) == (True, "/notes/$id")
    assert stream.write.update.outcome == Outcome("whole", "note", id="id")


ONE = """\
    write:
      common: {body: $fields, batch: null, cost: null, outcome: {by: whole, results: note, id: id}}
      create: {item: null}
      update: {do: PUT /$type/$id, item: null, set: null}
      upsert: null
      archive: {do: DELETE /$type/$id, query: null}
"""


def test_what_all_operations_have_in_common_counts_for_each_of_them():
    """Constants are put in once for each: a large one is refused before it is."""
    text = SPEC.replace("body: {all: $items}", "body: {all: $items, a: [$big, $big, $big, $big]}")
    large = text.replace("config:\n", f"vars: {{big: {'x' * 100_000}}}\nconfig:\n", 1)

    assert faults(large.replace("[$big, $big, $big, $big]", "1")) == []
    assert "larger than 4 MB" in faults(large)[0]
