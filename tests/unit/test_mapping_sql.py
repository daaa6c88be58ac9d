"""Spec -> SQL as text pairs. A change here is a change of what runs: read it as such."""
# ruff: noqa: E501

from crmsync.mapping import compile_read, set_lookup_sql
from mapping_engine import a_stream

TINY = r"""WITH sent AS (
  SELECT unnest($bodies::VARCHAR[]) AS body, unnest(range(len($bodies::VARCHAR[]))) AS _page
), clean AS (
  SELECT _page, CASE WHEN contains(body, '\u0000') THEN regexp_replace(body, '(\\[^u])|\\u0000', '\1', 'g') ELSE body END AS body FROM sent
), parsed AS (
  SELECT _page, body, TRY(from_json(body, '{"data": {"items": [{"id": "VARCHAR", "p": {"full_name": "VARCHAR", "vip": "VARCHAR"}}]}}'))."data"."items" AS entries FROM clean
), entry AS (
  SELECT _page, body, unnest(entries) AS r, generate_subscripts(entries, 1) AS _pos,
    unnest(CASE WHEN entries IS NULL THEN [CASE WHEN json_valid(body) THEN 'no list at data.items' ELSE 'not JSON' END] END) AS "#fault"
  FROM parsed
), record AS (
  SELECT _page, coalesce(_pos, 0) AS _pos, body AS "#body", "#fault", r, r."p" AS v FROM entry
), texts AS (
  SELECT _page, _pos, "#body", "#fault",
    nullif(v."full_name", '') AS "#1",
    nullif(v."vip", '') AS "#2",
    nullif(r."id", '') AS "#3"
  FROM record
), converted AS (
  SELECT *,
    CASE WHEN "#fault" IS NULL AND ("#3" IS NULL OR "#1" IS NULL AND "#2" IS NULL) THEN CASE WHEN _pos <= 1000 THEN coalesce((TRY(from_json("#body", '{"data": {"items": ["JSON"]}}'))."data"."items")[_pos], 'null') ELSE '{}' END END AS "#raw",
    try_cast("#2" AS BOOLEAN) AS "vip",
    CASE WHEN starts_with("#3", '{') OR starts_with("#3", '[') THEN NULL ELSE nullif("#3", '') END AS "_id",
    NULL::TIMESTAMPTZ AS "_created_at",
    NULL::TIMESTAMPTZ AS "_updated_at",
    false AS "_archived"
  FROM texts
)
SELECT
  "#1" AS "name",
  "vip" AS "vip",
  _id AS "_id",
  _created_at AS "_created_at",
  _updated_at AS "_updated_at",
  coalesce(_archived, false) AS "_archived",
  false AS _deleted,
  NULL::VARCHAR[] AS _merged,
  _page,
  _pos,
  CASE WHEN "#fault" IS NOT NULL OR "#raw" IS NOT NULL OR _id IS NULL OR ("#2" IS NOT NULL AND "vip" IS NULL) THEN list_filter([
    {'field': '', 'reason': CASE WHEN "#fault" IS NOT NULL THEN "#fault" WHEN NOT starts_with("#raw", '{') THEN 'not an object' WHEN "#raw" IS NOT NULL AND coalesce(NOT starts_with(("#raw"->'/p'), '{'), true) THEN 'no object at p' WHEN _id IS NULL THEN CASE WHEN "#3" IS NULL THEN 'no id' ELSE 'not an id' END END, 'value': coalesce(left("#raw"::VARCHAR, 1000), "#3"), 'hold': false},
    {'field': 'vip', 'reason': CASE WHEN "#2" IS NOT NULL AND "vip" IS NULL THEN 'not true or false' END, 'value': "#2", 'hold': true}
  ], lambda "#": "#".reason IS NOT NULL) ELSE []::STRUCT(field VARCHAR, reason VARCHAR, value VARCHAR, hold BOOLEAN)[] END AS _problems,
  CASE WHEN "#fault" IS NOT NULL THEN "#fault" WHEN NOT starts_with("#raw", '{') THEN 'not an object' WHEN "#raw" IS NOT NULL AND coalesce(NOT starts_with(("#raw"->'/p'), '{'), true) THEN 'no object at p' WHEN _id IS NULL THEN CASE WHEN "#3" IS NULL THEN 'no id' ELSE 'not an id' END END IS NOT NULL AS _rejected,
  true AS _newest
FROM converted"""


def test_the_statement_of_a_tiny_stream():
    """A mapping can be read by a person, top to bottom in the order that data takes."""
    stream = a_stream({"name": "full_name", "vip": {"at": "vip", "type": "boolean"}}, {"id": "id", "values": "p"})

    assert compile_read(stream, "data.items").sql == TINY


def test_a_name_that_is_hostile_stays_inside_its_quotes():
    """Names of the spec and of discovered fields are quoted wherever they stand."""
    sql = compile_read(a_stream({"x": 'it\'s "so"'}), "$").sql

    assert r"""'[{"it''s \"so\"": "VARCHAR", "id": "VARCHAR"}]'""" in sql
    assert """nullif(r."it's ""so""\", '') AS "#1\"""" in sql


def test_the_statement_that_sets_a_list():
    """Keys and labels are parameters, never text."""
    assert set_lookup_sql('a"b').startswith('SET VARIABLE "a""b" = (')
