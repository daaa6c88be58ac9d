"""Webhooks: what automation rules post, how often, and what it looks like."""

import json
from datetime import timedelta

import pytest

from crmsync.sandbox.clock import START

URL = "https://crmsync.example/hook?token=s"
FIELDS = ("name", "email", "active", "parent_id", "write_date", "id")


def bodies(odoo):
    return [json.loads(post.body) for post in odoo.posts()]


def test_a_post_shows_bare_ids_and_microseconds(each, clock):
    """Unsigned, with no id of its own."""
    odoo = each.odoo
    rule = odoo.watch("res.partner", URL, FIELDS, only=["name", "email"])
    acme = odoo.create("res.partner", {"name": "Acme", "is_company": True})
    odoo.posts()
    clock.advance(0.059_330)
    ann = odoo.create("res.partner", {"name": "Ann", "parent_id": acme})
    (post,) = odoo.posts()
    assert (post.url, post.headers["Content-Type"]) == (URL, "application/json")
    assert json.loads(post.body) == {
        "_action": f"crmsync hook(#{rule})", "_id": ann, "_model": "res.partner", "active": True, "email": False,
        "id": ann, "name": "Ann", "parent_id": acme, "write_date": "2026-01-15 12:00:00.059330",
    }  # fmt: skip


def test_without_fields_to_watch_a_create_posts_many_times(each):
    """The same again and again; a rule that watches fields posts once, and only if a value is another one."""
    odoo = each.odoo
    odoo.watch("res.partner", URL, ["name"])
    odoo.watch("crm.lead", URL, ["name"])
    odoo.watch("crm.lead", URL + "2", ["name"], only=["name"])
    made = odoo.create("res.partner", {"name": "Ann"})
    posts = bodies(odoo)
    assert (len(posts), len({str(post) for post in posts})) == (11, 1)
    lead = odoo.create("crm.lead", {"name": "deal"})
    urls = [post.url for post in odoo.posts()]
    assert (urls.count(URL), urls.count(URL + "2")) == (15, 1)
    odoo.write("crm.lead", lead, {"name": "deal"})
    assert [post.url for post in odoo.posts()] == [URL]
    odoo.write("res.partner", made, {"name": "Anna"})
    assert len(odoo.posts()) == 1


def test_a_company_s_change_posts_for_its_people_too(each):
    """Since it moves them."""
    company = each.odoo.ids("res.partner", [["is_company", "=", True], ["id", ">", 100]])[0]
    children = each.read("res.partner", company, "child_ids")["child_ids"]
    each.odoo.watch("res.partner", URL, ["id"])
    each.odoo.write("res.partner", company, {"name": "Renamed"})
    assert sorted({post["_id"] for post in bodies(each.odoo)}) == [company, *children]


@pytest.mark.parametrize(
    ("trigger", "deed", "posts"),
    [
        ("on_create", "create", 1),
        ("on_create", "write", 0),
        ("on_create_or_write", "write", 1),
        ("on_write", "create", 0),
        ("on_write", "write", 1),
        ("on_archive", "archive", 1),
        ("on_archive", "write", 0),
        ("on_unarchive", "archive", 0),
        ("on_stage_set", "stage", 1),
        ("on_stage_set", "write", 0),
        ("on_unlink", "unlink", 1),
        ("on_unlink", "archive", 0),
        ("on_create_or_write", "unlink", 0),
        ("on_webhook", "write", 0),
    ],
)
def test_each_trigger_waits_for_its_deed(each, trigger, deed, posts):
    """An archived record comes with `active` false."""
    odoo = each.odoo
    lead = odoo.create("crm.lead", {"name": "deal"})
    odoo.switches.create_posts = (1, 1)
    odoo.watch("crm.lead", URL, ["active", "name"], trigger=trigger)
    deeds = {
        "create": lambda: odoo.create("crm.lead", {"name": "new"}),
        "write": lambda: odoo.write("crm.lead", lead, {"name": "changed"}),
        "archive": lambda: odoo.archive("crm.lead", lead),
        "stage": lambda: odoo.write("crm.lead", lead, {"stage_id": 3}),
        "unlink": lambda: odoo.unlink("crm.lead", lead),
    }
    odoo.posts()
    deeds[deed]()
    sent = bodies(odoo)
    assert len(sent) == posts
    assert all(post["active"] is (deed != "archive") for post in sent)


def test_a_deletion_tells_the_last_values(each):
    """The only sign of a deletion that there is."""
    each.odoo.watch("res.partner", URL, ["name", "email"], trigger="on_unlink")
    made = each.odoo.create("res.partner", {"name": "Ann", "email": "a@x.test"})
    each.rpc("res.partner", "unlink", [made])
    (post,) = bodies(each.odoo)
    assert (post["_id"], post["name"], post["email"]) == (made, "Ann", "a@x.test")


def test_what_is_rolled_back_posts_nothing_except_by_a_failed_load(each):
    """Which posts for rows that it had tried and did not store."""
    each.odoo.watch("res.partner", URL, ["name"], only=["name"])
    with pytest.raises(each.Refused):
        each.rpc("res.partner", "create", [{"name": "good"}, {"name": False}])
    assert each.odoo.posts() == []
    answer = each.load("res.partner", ["id", "name"], ["crmsync.a", "good"], ["crmsync.b", ""])
    assert answer["ids"] is False
    assert {post["name"] for post in bodies(each.odoo)} == {"good"}
    assert each.search("res.partner", [["name", "=", "good"]]) == []


def test_rules_can_be_made_over_the_api(api, odoo):
    """As a client would that sets up its own webhook."""
    fields = odoo.ids("ir.model.fields")
    (model,) = api.search("ir.model", [["model", "=", "crm.lead"]])
    (field,) = api.call(
        "ir.model.fields", "create", vals_list=[{"name": "name", "model": "crm.lead", "model_id": model}]
    )
    rule = {"name": "r", "model_id": model, "trigger": "on_create_or_write", "trigger_field_ids": [[6, 0, [field]]]}
    (made,) = api.call("base.automation", "create", vals_list=[rule])
    action = {"name": "act", "model_id": model, "state": "webhook", "webhook_url": URL, "base_automation_id": made}
    api.call("ir.actions.server", "create", vals_list=[{**action, "webhook_field_ids": [[6, 0, [field]]]}])
    odoo.touch("crm.lead", 1, at=START - timedelta(days=1))
    odoo.write("crm.lead", 1, {"name": "changed"})
    assert [post["name"] for post in bodies(odoo)] == ["changed"]
    api.call("base.automation", "write", [made], vals={"active": False})
    odoo.write("crm.lead", 1, {"name": "again"})
    assert (odoo.posts(), fields) == ([], [])
