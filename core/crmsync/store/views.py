"""Views: what people ask of a store most, as SQL over the store's own tables, for any shell that opens the file.

They name the tables without a schema: DuckDB looks for them beside the view, whatever the file is called. The oldest
DuckDB that may read the file must know every function in them.
"""

from __future__ import annotations

from crmsync.store.interface import Column, View
from crmsync.store.schema import WHO

STATUS = View(
    "crmsync",
    "status",
    (
        *WHO,
        Column("status", "VARCHAR", "How the last run ended: done, failed, stopped or lost; running while it goes on"),
        Column("last_run_at", "TIMESTAMPTZ", "When the last run began"),
        Column("last_done_at", "TIMESTAMPTZ", "When a run was done last: the last success"),
        Column("error_code", "VARCHAR", "Code of the error that ended the last run; see docs/errors.md"),
        Column("error", "VARCHAR", "What ended the last run"),
        Column("rows", "BIGINT", "Live rows of the mirror when a run ended last"),
        Column("rejected", "BIGINT", "Open rejects: records and pages that could not be read; see crmsync.rejects"),
        Column("held", "BIGINT", "Records with a field that is held back; see crmsync.rejects"),
        Column("conflicts", "BIGINT", "Open conflicts: what changed in the hub and in the CRM; see crmsync.conflicts"),
        Column("refused", "BIGINT", "Hub rows whose last write was refused; see crmsync.intents"),
        Column("unknown", "BIGINT", "Writes of which nobody knows whether they were done; the next sync finds out"),
        Column("next_sweep_at", "TIMESTAMPTZ", "When everything is read again; empty: with the next run"),
        Column("holder", "VARCHAR", "Run that holds the stream; empty when free"),
        Column("heartbeat_at", "TIMESTAMPTZ", "Last sign of life of the holder; a minute of silence and it is dead"),
    ),
    (),
    "One row a stream: how its last run ended, what is in the mirror, and who reads it now.",
    sql="""
WITH run AS (
  SELECT connection, stream, arg_max(status, started_at) AS status, max(started_at) AS last_run_at,
    max(finished_at) FILTER (status = 'done') AS last_done_at, arg_max("rows", started_at) AS "rows",
    arg_max_null(error_code, started_at) AS error_code, arg_max_null(error, started_at) AS error
  FROM runs GROUP BY connection, stream
), reject AS (
  SELECT connection, stream, count(*) FILTER (outcome <> 'held') AS rejected, count(*) FILTER (outcome = 'held') AS held
  FROM rejects WHERE resolved_at IS NULL GROUP BY connection, stream
), conflict AS (
  SELECT connection, stream, count(*) AS conflicts FROM conflicts WHERE resolved_at IS NULL GROUP BY connection, stream
), intent AS (
  SELECT connection, stream, count(*) FILTER (state = 'rejected') AS refused, sum(unknown)::BIGINT AS unknown
  FROM (
    SELECT connection, stream, arg_max(state, id) AS state, count(*) FILTER (state = 'unknown') AS unknown
    FROM intents WHERE plan_id IS NULL GROUP BY connection, stream, hub_id
  ) GROUP BY connection, stream
), lease AS (
  SELECT connection, stream, format('{} (process {} on {})', run_id, pid, host) AS holder, heartbeat_at
  FROM leases WHERE run_id IS NOT NULL
)
SELECT connection, stream, status, last_run_at, last_done_at, error_code, error, "rows",
  coalesce(rejected, 0) AS rejected, coalesce(held, 0) AS held,
  coalesce(conflicts, 0) AS conflicts, coalesce(refused, 0) AS refused, coalesce(unknown, 0) AS unknown,
  try_cast(checkpoint->>'$.full.next_at' AS TIMESTAMPTZ) AS next_sweep_at, holder, heartbeat_at
FROM run FULL JOIN checkpoints USING (connection, stream) LEFT JOIN reject USING (connection, stream)
  LEFT JOIN conflict USING (connection, stream) LEFT JOIN intent USING (connection, stream)
  LEFT JOIN lease USING (connection, stream)
ORDER BY connection, stream""",
)

LAG = View(
    "crmsync",
    "lag",
    (
        *WHO,
        Column("changes_until", "TIMESTAMPTZ", "Changes are read up to this moment, by the provider's clock"),
        Column("changes_lag", "INTERVAL", "How long ago that is"),
        Column("deletions_until", "TIMESTAMPTZ", "The provider's list of deleted records is read up to this moment"),
        Column("deletions_lag", "INTERVAL", "How long ago that is"),
        Column("full_read_as_of", "TIMESTAMPTZ", "Everything was read last as of this moment"),
        Column("full_read_lag", "INTERVAL", "How long ago that is"),
        Column("census_pending", "BOOLEAN", "Rows that the last sweep did not meet are still to be asked for"),
    ),
    (),
    "One row a stream: how far the mirror is behind the provider.",
    sql="""
WITH until AS (
  SELECT connection, stream, try_cast(checkpoint->>'$.changes.upper' AS TIMESTAMPTZ) AS changes_until,
    try_cast(checkpoint->>'$.tombstones.as_of' AS TIMESTAMPTZ) AS deletions_until,
    try_cast(checkpoint->>'$.full.as_of' AS TIMESTAMPTZ) AS full_read_as_of,
    coalesce(checkpoint->>'$.census' = 'true', false) AS census_pending
  FROM checkpoints
)
SELECT connection, stream, changes_until, now() - changes_until AS changes_lag,
  deletions_until, now() - deletions_until AS deletions_lag,
  full_read_as_of, now() - full_read_as_of AS full_read_lag, census_pending
FROM until ORDER BY connection, stream""",
)

VIEWS = (STATUS, LAG)
