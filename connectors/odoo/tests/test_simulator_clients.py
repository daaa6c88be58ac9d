"""Real clients work against the simulator as against the real thing."""

import xmlrpc.client

import odoolib
import odoorpc
import pytest
from odoolib.tools import AuthenticationError, JsonRPCException

from crmsync.sandbox import Server
from crmsync_odoo.simulator.access import API_KEY

# The vendor's client leaves its XML-RPC sockets to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

LOGIN = "bot@lantern.example"
PEOPLE = [("is_company", "=", False), ("id", ">", 100)]


@pytest.fixture(params=["json2", "jsonrpc", "xmlrpc"])
def lib(request, port):
    """The vendor's own client, by each of its protocols."""
    return odoolib.get_connection("127.0.0.1", request.param, port, "crm", LOGIN, API_KEY)


@pytest.fixture
def rpc(port):
    """The best known other one, which speaks JSON-RPC."""
    client = odoorpc.ODOO("127.0.0.1", port=port, version=None)
    client.login("crm", LOGIN, API_KEY)
    return client


def test_the_vendor_s_client_finds_and_reads(lib, odoo):
    """By names of arguments, and by place."""
    model = lib.get_model("res.partner")
    rows = model.search_read(domain=PEOPLE, fields=["name", "email", "parent_id"], limit=7, order="id")
    assert [row["id"] for row in rows] == odoo.ids("res.partner", [*map(list, PEOPLE), ["active", "=", True]])[:7]
    assert model.search_count(PEOPLE) == len(odoo.ids("res.partner", [*map(list, PEOPLE), ["active", "=", True]]))
    assert model.search(PEOPLE, 0, 2, "id") == [row["id"] for row in rows[:2]]
    assert [row["name"] for row in model.read([1, 3], ["name"])] == ["My Company", "Administrator"]
    assert model.fields_get(attributes=["type"])["write_date"] == {"type": "datetime"}
    assert lib.get_model("res.users").context_get()["uid"] == 5


def test_the_vendor_s_client_creates_writes_and_deletes(lib, odoo):
    """The life of one record; JSON-2 gives a list even for one."""
    model = lib.get_model("res.partner")
    made = model.create({"name": "Ann", "email": "ann@x.test"})
    made = made[0] if isinstance(made, list) else made
    assert model.write([made], {"function": "CEO"}) is True
    row = odoo.get("res.partner", made)
    assert (row["name"], row["email"], row["function"]) == ("Ann", "ann@x.test", "CEO")
    assert model.unlink([made]) is True
    assert odoo.ids("res.partner", [["id", "=", made]]) == []


def test_the_vendor_s_client_imports(lib, odoo):
    """Good rows and bad ones."""
    model = lib.get_model("res.partner")
    good = model.load(["id", "name", "is_company"], [["crmsync.a", "Acme", "1"], ["crmsync.b", "Bo", "0"]])
    assert [odoo.get("res.partner", each)["is_company"] for each in good["ids"]] == [True, False]
    bad = model.load(["id", "name", "parent_id/id"], [["crmsync.c", "Cy", "crmsync.x"]])
    assert (bad["ids"], bad["messages"][0]["record"]) == (False, 0)


def test_the_vendor_s_client_raises_its_own_errors(lib):
    """Each protocol has another one for an unknown field."""
    with pytest.raises((ValueError, JsonRPCException, xmlrpc.client.Fault)) as raised:
        lib.get_model("res.partner").search_read(domain=[], fields=["nope"], limit=1)
    assert "Invalid field 'nope' on 'res.partner'" in str(raised.value)


@pytest.mark.parametrize("protocol", ["json2", "jsonrpc", "xmlrpc"])
def test_the_vendor_s_client_notices_wrong_credentials(port, protocol):
    """401 by JSON-2, false by the others."""
    lib = odoolib.get_connection("127.0.0.1", protocol, port, "crm", LOGIN, "wrong")
    with pytest.raises(AuthenticationError):
        lib.get_model("res.partner").search_count(domain=[])


def test_the_other_client_logs_in_and_lists(rpc, odoo):
    """Version, databases, models, who it is."""
    assert (rpc.version, rpc.db.list()) == ("19.0", ["crm"])
    assert "res.partner" in rpc.env
    assert "no.model" not in rpc.env
    assert rpc.env.user.name == "crmsync"
    assert rpc.env.ref("base.main_partner").name == "My Company"
    assert rpc.env["res.partner"].search(PEOPLE, limit=3, order="id") == odoo.ids("res.partner", [["id", ">", 101]])[:3]


def test_the_other_client_browses_records(rpc, odoo):
    """Fields of records lead on to others; a value that is set is written."""
    deal = odoo.create(
        "crm.lead", {"name": "deal", "partner_id": 102, "date_deadline": "2026-12-31", "tag_ids": [1, 2]}
    )
    record = rpc.env["crm.lead"].browse(deal)
    assert (record.name, record.partner_id.name) == ("deal", odoo.get("res.partner", 102)["name"])
    assert (record.date_deadline.isoformat(), [tag.id for tag in record.tag_ids]) == ("2026-12-31", [1, 2])
    assert record.write_date.isoformat() == "2026-01-15T12:00:00"
    record.expected_revenue = 12.5
    record.stage_id = 4
    row = odoo.get("crm.lead", deal)
    assert (row["expected_revenue"], row["stage_id"], row["won_status"]) == (12.5, 4, "won")


def test_the_other_client_creates_writes_deletes_and_fails(rpc, odoo):
    """Its errors bear the server's message."""
    model = rpc.env["res.partner"]
    made = model.create({"name": "Ann"})
    assert model.write([made], {"name": "Anna"}) is True
    assert odoo.get("res.partner", made)["name"] == "Anna"
    assert model.load(["id", "name"], [["crmsync.a", "Bo"]])["messages"] == []
    assert model.unlink([made]) is True
    with pytest.raises(odoorpc.error.RPCError, match="Record does not exist or has been deleted"):
        model.write([made], {"name": "x"})
    with pytest.raises(odoorpc.error.RPCError, match="Wrong login ID or password"):
        rpc.login("crm", LOGIN, "wrong")
    with pytest.raises(odoorpc.error.RPCError, match="does not exist"):
        rpc.login("nope", LOGIN, API_KEY)


def test_both_clients_get_along_with_version_18(fresh):
    """Which has no JSON-2, and another code for errors."""
    odoo = fresh(version=18).odoo
    with Server(odoo) as server:
        port = int(server.url.rpartition(":")[2])
        rpc = odoorpc.ODOO("127.0.0.1", port=port)
        rpc.login("crm", LOGIN, API_KEY)
        assert rpc.version == "18.0"
        assert rpc.env["res.partner"].browse(102).mobile == odoo.get("res.partner", 102)["mobile"]
        lib = odoolib.get_connection("127.0.0.1", "jsonrpc", port, "crm", LOGIN, API_KEY)
        assert lib.get_model("res.partner").search_count([("id", "<", 3)]) == 1
        with pytest.raises(JsonRPCException, match="'code': 200"):
            lib.get_model("res.partner").search([("nope", "=", 1)])
