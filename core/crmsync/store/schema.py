"""The store's own tables. Names and columns are a contract: other people's scripts read them."""

from __future__ import annotations

from dataclasses import replace

from crmsync.store.interface import Column, Table

VERSION = 5

WHO = (
    Column("connection", "VARCHAR", "Name of the connection"),
    Column("stream", "VARCHAR", "Name of the stream"),
)

CHECKPOINTS = Table(
    "crmsync",
    "checkpoints",
    (
        *WHO,
        Column("checkpoint", "JSON", "How far the stream is read; edit it with: crmsync state set"),
        Column("version", "BIGINT", "Number of commits that moved this checkpoint"),
        Column("updated_at", "TIMESTAMPTZ", "When the last of them was made"),
    ),
    ("connection", "stream"),
    "One row a stream: how far it is read. Committed together with the rows it vouches for.",
)

RUNS = Table(
    "crmsync",
    "runs",
    (
        Column("run_id", "VARCHAR", "Id of the run"),
        *WHO,
        Column("connector", "VARCHAR", "Connector package that read it"),
        Column("mode", "VARCHAR", "pull, push, sync or plan"),
        Column("status", "VARCHAR", "running, done, failed, stopped or lost"),
        Column("started_at", "TIMESTAMPTZ", "When the run began"),
        Column("finished_at", "TIMESTAMPTZ", "When it ended; empty while it runs"),
        Column("heartbeat_at", "TIMESTAMPTZ", "Last sign of life"),
        Column("read", "BIGINT", "Records read; each ends as applied, unchanged or rejected"),
        Column("applied", "BIGINT", "Records that changed a row"),
        Column("unchanged", "BIGINT", "Records that changed nothing"),
        Column("rejected", "BIGINT", "Records that could not be read; see crmsync.rejects"),
        Column("held", "BIGINT", "Records with a field that was held back; see crmsync.rejects"),
        Column("deleted", "BIGINT", "Rows marked as deleted"),
        Column("rows", "BIGINT", "Live rows of the mirror when it ended"),
        Column(
            "merged",
            "BIGINT",
            "Rows of the hub that took something of the CRM's; this and the next: empty where a run only reads",
        ),
        Column("linked", "BIGINT", "Rows of the hub that were found to be a record of the CRM"),
        Column("created", "BIGINT", "Records made in the CRM"),
        Column("updated", "BIGINT", "Records changed in the CRM"),
        Column("archived", "BIGINT", "Records archived in the CRM"),
        Column("refused", "BIGINT", "Writes that were not accepted; see crmsync.intents"),
        Column("unknown", "BIGINT", "Writes of which nobody knows yet whether they were done"),
        Column("conflicts", "BIGINT", "Conflicts that were open when it ended; see crmsync.conflicts"),
        Column("requests", "BIGINT", "Requests sent"),
        Column("retries", "BIGINT", "Requests sent again"),
        Column("waited_seconds", "DOUBLE", "Time spent waiting for limits and retries"),
        Column("error_code", "VARCHAR", "Code of the error that ended the run; see docs/errors.md"),
        Column("error", "VARCHAR", "What ended the run"),
        Column("host", "VARCHAR", "Machine of the run"),
        Column("pid", "BIGINT", "Process of the run"),
    ),
    ("run_id", "connection", "stream"),
    "One row a run of a stream: what it did and how it ended.",
)

LOGS = Table(
    "crmsync",
    "logs",
    (
        Column("at", "TIMESTAMPTZ", "When it happened"),
        Column("level", "VARCHAR", "info, warning or error"),
        Column("run_id", "VARCHAR", "Id of the run"),
        *WHO,
        Column("event", "VARCHAR", "Kind of event"),
        Column("message", "VARCHAR", "What happened, in a sentence"),
        Column("data", "JSON", "The event's values"),
    ),
    (),
    "What happened in each run.",
)

PROBLEM = "STRUCT(field VARCHAR, reason VARCHAR, value VARCHAR, hold BOOLEAN)[]"

REJECTS = Table(
    "crmsync",
    "rejects",
    (
        *WHO,
        Column("record_id", "VARCHAR", "Id of the record; a digest of the payload where it has none"),
        Column("outcome", "VARCHAR", "held: some fields; rejected: the record; page: an unreadable answer"),
        Column("problems", PROBLEM, "What was wrong, field by field"),
        Column(
            "payload", "VARCHAR", "The record as it came, where it could not be applied; of a page its body, while open"
        ),
        Column("run_id", "VARCHAR", "Run that met it last"),
        Column("attempts", "BIGINT", "How often it was met"),
        Column("first_at", "TIMESTAMPTZ", "When it was met first"),
        Column("last_at", "TIMESTAMPTZ", "When it was met last"),
        Column("asked_at", "TIMESTAMPTZ", "When a person wanted it to be read again; empty once it was"),
        Column(
            "resolved_at",
            "TIMESTAMPTZ",
            "When it came without problems, was deleted, or was read past; empty while open",
        ),
    ),
    ("connection", "stream", "record_id"),
    "Records that could not be mapped in whole, with the reason for each field.",
)

LEASES = Table(
    "crmsync",
    "leases",
    (
        *WHO,
        Column("run_id", "VARCHAR", "Run that holds the stream; empty when free"),
        Column("fence", "BIGINT", "Rises with each holder; a commit with an older one is refused"),
        Column("host", "VARCHAR", "Machine of the holder"),
        Column("pid", "BIGINT", "Process of the holder"),
        Column("process_start", "VARCHAR", "When that process began, so that a reused process number is not mistaken"),
        Column("heartbeat_at", "TIMESTAMPTZ", "Last sign of life"),
    ),
    ("connection", "stream"),
    "Who writes which stream.",
)

SEEN = Table(
    "crmsync",
    "seen",
    (*WHO, Column("record_id", "VARCHAR", "Id that the sweep now going on has met")),
    (),
    "Ids met by a sweep that is not complete yet; empty between sweeps.",
)

SECRETS = Table(
    "crmsync",
    "secrets",
    (
        Column("connection", "VARCHAR", "Name of the connection"),
        Column("name", "VARCHAR", "Way to authenticate that it belongs to"),
        Column("key_id", "VARCHAR", "Names the key that opens it; see docs/store.md"),
        Column("sealed", "BLOB", "Nonce and ciphertext (AES-256-GCM), bound to connection and name"),
        Column("version", "BIGINT", "Rises with each renewal"),
        Column("updated_at", "TIMESTAMPTZ", "When the last of them was made"),
    ),
    ("connection", "name"),
    "Tokens that a CRM gave us, sealed; the key is not in the store.",
)

LINKS = Table(
    "crmsync",
    "links",
    (
        *WHO,
        Column("hub_id", "VARCHAR", "The hub's row: _id of the table of that kind in the schema crm"),
        Column("remote_id", "VARCHAR", "The record: its id in the CRM, _id of the mirror"),
        Column("base", "JSON", "The hub's values when both sides agreed last; a field not in it was never agreed on"),
        Column("shown", "JSON", "The CRM's values at that moment, in the hub's terms"),
        Column("taken", "JSON", "Of fields that the hub took from the CRM: when it took each last, and by which run"),
        Column("state", "VARCHAR", "linked: kept in step; deleted: gone on a side; left: of another kind in the CRM"),
        Column("linked_at", "TIMESTAMPTZ", "When the two were found to be the same"),
        Column("moved_at", "TIMESTAMPTZ", "When base, shown or state changed last"),
        Column("run_id", "VARCHAR", "Run that changed it last"),
    ),
    ("connection", "stream", "hub_id"),
    "Which row of the hub is which record of a CRM, and what the two agreed on last.",
)
LINKS_BY_REMOTE = replace(LINKS, key=("connection", "stream", "remote_id"))  # for lookups from the CRM's side

INTENTS = Table(
    "crmsync",
    "intents",
    (
        Column("id", "VARCHAR", "Id of the intent; within a stream they are sent in the order of their ids"),
        *WHO,
        Column("hub_id", "VARCHAR", "The hub's row that it comes from; of a row that was given, a name of our own"),
        Column("source", "VARCHAR", "The file or query that it was given by; empty where it comes from the hub"),
        Column("remote_id", "VARCHAR", "The record that it is about; of a create empty until it is applied"),
        Column("action", "VARCHAR", "create, update, archive, link or unlink"),
        Column("fields", "JSON", "The values to write, by field"),
        Column(
            "state",
            "VARCHAR",
            "draft (of a plan), planned, sent, unknown (whether it was done), applied, rejected or superseded",
        ),
        Column("attempts", "BIGINT", "How often it was sent"),
        Column("plan_id", "VARCHAR", "Plan that it belongs to"),
        Column("run_id", "VARCHAR", "Run that planned, sent or settled it last"),
        Column("code", "VARCHAR", "What the CRM calls the reason of its answer"),
        Column("message", "VARCHAR", "What the CRM said"),
        Column("request_id", "VARCHAR", "Id of the request that it was sent with last, for the CRM's support"),
        Column("planned_at", "TIMESTAMPTZ", "When it was planned"),
        Column("sent_at", "TIMESTAMPTZ", "When it was sent last, by the CRM's clock; noted before the request leaves"),
        Column("settled_at", "TIMESTAMPTZ", "When it was applied, rejected or superseded; empty while open"),
    ),
    ("id",),
    "Writes to CRMs: planned, on their way, and what became of them. A plan is the intents with one plan_id.",
)

CONFLICTS = Table(
    "crmsync",
    "conflicts",
    (
        Column("id", "VARCHAR", "Id of the conflict"),
        *WHO,
        Column("hub_id", "VARCHAR", "The hub's row"),
        Column("remote_id", "VARCHAR", "The record in the CRM"),
        Column("fields", "VARCHAR[]", "The fields that changed on both sides: one, or several that belong together"),
        Column("base", "JSON", "Their values when both sides agreed last; empty where they never did"),
        Column("hub", "JSON", "Their values in the hub"),
        Column("remote", "JSON", "Their values in the CRM, in the hub's terms"),
        Column("policy", "VARCHAR", "Policy that was asked; hold leaves it to a person"),
        Column("winner", "VARCHAR", "Whose values are taken: hub, remote, or value, where a person gave another"),
        Column("opened_at", "TIMESTAMPTZ", "When it was found"),
        Column("run_id", "VARCHAR", "Run that found it"),
        Column("resolved_at", "TIMESTAMPTZ", "When it was resolved; empty while open"),
        Column("resolution", "VARCHAR", "How: policy, person, or agreed, where a side gave way by itself"),
    ),
    ("id",),
    "Fields that changed on both sides: who won and what was lost, or that a person is to decide.",
)

INTENTS_OF_ROW, CONFLICTS_OF_ROW = (replace(t, key=("connection", "stream", "hub_id")) for t in (INTENTS, CONFLICTS))

MIGRATIONS = Table(
    "crmsync",
    "migrations",
    (
        Column("version", "BIGINT", "Layout of the store"),
        Column("crmsync", "VARCHAR", "Release that brought it"),
        Column("applied_at", "TIMESTAMPTZ", "When"),
    ),
    ("version",),
    "Which layout the store has.",
)

SYSTEM = (MIGRATIONS, CHECKPOINTS, RUNS, LOGS, REJECTS, LEASES, SEEN, SECRETS, LINKS, INTENTS, CONFLICTS)
