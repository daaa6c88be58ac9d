"""Two-way: a stream that was read -> in step with the hub, and the CRM with it: reconcile, refresh, reconcile, push."""

from __future__ import annotations

from collections.abc import Sequence

from crmsync.mapping.outcome import compile_outcome
from crmsync.mapping.write import compile_write
from crmsync.spec.load import objects
from crmsync.spec.model import Spec
from crmsync.spec.model_stream import Stream
from crmsync.store import Lease
from crmsync.sync.merge.reconcile import Reconcile
from crmsync.sync.merge.side import Side, side_of
from crmsync.sync.prepare import Surroundings
from crmsync.sync.pull import Pull
from crmsync.sync.pull.confirm import drained
from crmsync.sync.push import CREATES, WAYS, Push, Pushed, Way
from crmsync.sync.push.lookup import look_up
from crmsync.sync.push.lost import seen
from crmsync.sync.push.recover import Recover
from crmsync.sync.push.value import KEY

HUB = "crm"


async def two_way(pull: Pull, around: Surroundings, lease: Lease) -> Pushed:
    """Bring the hub and the CRM in step; what could not be written stays owed, and is told."""
    stream = pull.source.stream
    side = side_of(around.connection.name, stream, pull.lander.mirror.table, objects())
    if side is None or stream.write is None:
        return Pushed()
    push = Push(
        client=around.client,
        source=pull.source,
        confirm=pull.confirm,
        store=around.store,
        worker=pull.worker,
        side=side,
        lease=lease,
        ways=ways(around.spec, stream, around.connection.name),
    )
    await push.resend()
    until = seen(pull.checkpoint, stream)
    await Recover(pull.confirm, around.store, pull.worker, side, lease, stream.write, until).run()
    await _reconcile(pull, side, lease)
    ids = await pull.worker.do(_to_update, pull, side)
    await drained(pull.confirm.arrived(ids))  # an edit that the reading has not met yet is not overwritten
    made = await look_up(pull.confirm, around.store, pull.worker, side, stream.write)
    if ids or made:
        await _reconcile(pull, side, lease)
    await push.run()
    if push.done.linked:  # what the CRM had already may lack something of the hub's
        await _reconcile(pull, side, lease)
        await push.run()
    return push.done


def ways(spec: Spec, stream: Stream, connection: str) -> dict[str, Way]:
    """How each action of the stream reaches the CRM, as far as the provider offers it."""
    write, found = stream.write, dict[str, Way]()
    assert write is not None
    for name in WAYS:
        operation = getattr(write, name)
        if operation is None or (name == "upsert" and write.new != name):
            continue
        known = {"connection": connection}
        render = compile_write(stream, operation, creates=name in CREATES, clear=spec.clear, known=known)
        outcome = compile_outcome(operation.outcome, spec.rules, spec.error)
        again = name != "create" and (name != "upsert" or write.by == KEY)
        found[name] = Way(operation, render, outcome, again or operation.idempotent)
    return found


async def _reconcile(pull: Pull, side: Side, lease: Lease) -> None:
    """One at a time for a hub table, or the same row might be made twice."""
    store, do = pull.lander.store, pull.worker.do
    row = {"run_id": f"{lease.run_id}", "connection": HUB, "stream": side.stream, "mode": "merge"}
    held = await do(store.acquire, HUB, side.stream, row)
    try:
        await do(Reconcile(store, side, held).run)
    finally:
        await do(store.release, held, {"status": "done"})


def _to_update(pull: Pull, side: Side) -> Sequence[str]:
    found = pull.lander.store.query(
        "SELECT DISTINCT remote_id FROM crmsync.intents WHERE connection = ? AND stream = ? AND state = 'planned' "
        "AND action IN ('update', 'archive')",
        [side.connection, side.stream],
    )
    return [row[0] for row in found[1]]
