"""The public methods of all models, with the parameters that clients name."""

from __future__ import annotations

from typing import Any

from crmsync_odoo.simulator import errors
from crmsync_odoo.simulator.calls import Call, method
from crmsync_odoo.simulator.orm import reading, search
from crmsync_odoo.simulator.orm.domain import Leaf, both, parse
from crmsync_odoo.simulator.orm.fields import MANY
from crmsync_odoo.simulator.orm.load import Import
from crmsync_odoo.simulator.orm.reading import CLASSIC


@method("search", "read")
def search_ids(call: Call, domain: Any, offset: Any = 0, limit: Any = None, order: Any = None) -> list[int]:
    return search.search(call.env, call.model, domain, offset, limit, order)


@method("search_read", "read")
def search_read(
    call: Call, domain: Any = None, fields: Any = None, offset: Any = 0, limit: Any = None, order: Any = None,
    load: Any = CLASSIC,
) -> list[dict[str, Any]]:  # fmt: skip
    ids = search.search(call.env, call.model, domain, offset, limit, order)
    return reading.read(call.env, call.model, ids, fields, load)


@method("search_count", "read")
def search_count(call: Call, domain: Any, limit: Any = None) -> int:
    return search.count(call.env, call.model, domain, limit)


@method("read", "read", on_records=True)
def read(call: Call, fields: Any = None, load: Any = CLASSIC) -> list[dict[str, Any]]:
    return reading.read(call.env, call.model, call.ids, fields, load)


@method("exists", "read", on_records=True)
def exists(call: Call) -> list[int]:
    return [each for each in call.ids if call.model.table.has(each)]


@method("fields_get")
def fields_get(call: Call, allfields: Any = None, attributes: Any = None) -> dict[str, dict[str, Any]]:
    shown = {}
    for name, field in call.model.fields.items():
        if not allfields or name in allfields:
            told = field.described()
            shown[name] = {key: told[key] for key in told if not attributes or key in attributes}
    return shown


@method("default_get")
def default_get(call: Call, fields: Any) -> dict[str, Any]:
    defaults = dict(call.model.behaviour.defaults)
    call.model.behaviour.fill(call.env, defaults)
    return {name: call.model.fields[name].shown(value) for name, value in defaults.items() if name in fields}


@method("create", "create")
def create(call: Call, vals_list: Any) -> list[int]:
    rows = vals_list if isinstance(vals_list, list | tuple) else [vals_list]
    return call.writer.create(call.model, rows)


@method("write", "write", on_records=True)
def write(call: Call, vals: Any) -> bool:
    call.writer.write(call.model, call.ids, vals)
    return True


@method("unlink", "unlink", on_records=True)
def unlink(call: Call) -> bool:
    call.writer.unlink(call.model, call.ids)
    return True


@method("copy", "create", on_records=True)
def copy(call: Call, default: Any = None) -> list[int]:
    """New records with the same values; the name says that they are copies."""
    call.writer.check_there(call.model, call.ids)
    ids = []
    for row in reading.read(call.env, call.model, call.ids, load=""):
        kept = {
            name: row[name]
            for name, field in call.model.fields.items()
            if field.stored and field.compute is None and field.type not in MANY and name in row
        }
        kept["name"] = f"{row.get('name') or ''} (copy)"
        ids += call.writer.create(call.model, [{**kept, **(default or {})}])
    return ids


@method("load", "create", "write")
def load(call: Call, fields: Any, data: Any) -> dict[str, Any]:
    return Import(call.env, call.model, fields).run(data)


@method("name_create", "create")
def name_create(call: Call, name: str) -> list[Any]:
    """`Joe <joe@x.test>` gives a partner its e-mail address too."""
    label, _, rest = name.partition("<")
    row: dict[str, Any] = {"name": name}
    if call.model.name == "res.partner" and "@" in rest:
        row = {"name": label.strip(), "email": rest.strip(" >")}
    (made,) = call.writer.create(call.model, [row])
    return [made, reading.labels(call.env, call.model, [made])[made]]


def _name_search(call: Call, name: str, domain: Any, operator: str, limit: Any) -> list[list[Any]]:
    field = "complete_name" if "complete_name" in call.model.fields else "name"
    node = both(parse(domain), Leaf(field, operator, name)) if name else parse(domain)
    ids = search.search_node(call.env, call.model, node, limit=limit)
    named = reading.labels(call.env, call.model, ids)
    return [[each, named[each]] for each in ids]


@method("name_search", "read", versions=range(19, 100))
def name_search(
    call: Call, name: str = "", domain: Any = None, operator: str = "ilike", limit: Any = 100
) -> list[list[Any]]:
    return _name_search(call, name, domain, operator, limit)


@method("name_search", "read", versions=range(19))
def name_search_args(
    call: Call, name: str = "", args: Any = None, operator: str = "ilike", limit: Any = 100
) -> list[list[Any]]:
    return _name_search(call, name, args, operator, limit)


@method("action_archive", "write", on_records=True)
def action_archive(call: Call) -> None:
    call.writer.write(call.model, call.ids, {"active": False})


@method("action_unarchive", "write", on_records=True)
def action_unarchive(call: Call) -> None:
    call.writer.write(call.model, call.ids, {"active": True})


@method("toggle_active", "write", on_records=True, versions=range(19))
def toggle_active(call: Call) -> None:
    for each in call.ids:
        call.writer.write(call.model, [each], {"active": not call.model.table.value(each, "active")})


@method("get_external_id", on_records=True)
def get_external_id(call: Call) -> dict[str, str]:
    """One of each record's external ids, or an empty text."""
    return {str(each): (names(call, each) or [""])[0] for each in call.ids}


@method("get_metadata", "read", on_records=True)
def get_metadata(call: Call) -> list[dict[str, Any]]:
    """Who made a record and when, and all its external ids: after a merge, those of both."""
    rows = reading.read(call.env, call.model, call.ids, ["create_uid", "create_date", "write_uid", "write_date"])
    for row in rows:
        mine = names(call, row["id"])
        row["xmlid"] = mine[0] if mine else False
        row["xmlids"] = [{"xmlid": name, "noupdate": False} for name in mine]
        row["noupdate"] = False
    return rows


@method("check_object_reference", model="ir.model.data")
def check_object_reference(call: Call, module: str, xml_id: str, raise_on_access_error: bool = False) -> list[Any]:  # noqa: ARG001 - clients send it
    table = call.model.table
    for line in table.referrers("name", xml_id):
        if table.value(line, "module") == module:
            return [table.value(line, "model"), table.value(line, "res_id")]
    raise errors.value_error(f"External ID not found in the system: {module}.{xml_id}")


@method("context_get", model="res.users")
def context_get(call: Call) -> dict[str, Any]:
    """Who the caller is."""
    table = call.model.table
    lang, zone = (table.value(call.env.uid, name) for name in ("lang", "tz"))
    return {"lang": lang or False, "tz": zone or False, "uid": call.env.uid}


def names(call: Call, record_id: Any) -> list[str]:
    """A record's external ids."""
    table = call.env.model("ir.model.data").table
    lines = [line for line in table.referrers("res_id", record_id) if table.value(line, "model") == call.model.name]
    return [f"{table.value(line, 'module')}.{table.value(line, 'name')}" for line in lines]
