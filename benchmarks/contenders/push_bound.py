"""The bound of writing: the least work that sends the rows in parallel and keeps durably what became of them.

One DuckDB statement makes the bodies, aiohttp sends them, msgspec reads no more of an answer than ids, and they go into
the file a thousand rows a transaction. Nothing is looked up or compared, nothing is noted before it is sent, and nobody
looks at what the CRM has made of it: what crmsync costs above this is the price of those.
"""

from __future__ import annotations

import asyncio
import os
import time

import aiohttp
import duckdb
import msgspec

from benchmarks.contenders.push_rows import BATCH, HEADERS, TASK

CONNECTIONS = 6  # as crmsync's spec says
BURST, PER_S = int(os.environ["BENCH_BURST"]), 10.0  # 0: as many as one likes
ROWS = 1_000  # at least, a transaction

_PROPERTIES = ", ".join(f"'{name}': {name}" for name in TASK.names)
_ID = "" if TASK.action == "create" else "'id': id, "
BODIES = f"""SELECT '{{"inputs":[' || string_agg(item, ',') || ']}}' FROM (
  SELECT to_json({{{_ID}'properties': {{{_PROPERTIES}}}, 'objectWriteTraceId': key}})::VARCHAR AS item,
    (row_number() OVER () - 1) // {BATCH} AS batch
  FROM ({TASK.rows})
) GROUP BY batch"""


class Written(msgspec.Struct):
    """An entry of an answer; msgspec skips the rest."""

    id: str
    objectWriteTraceId: str  # noqa: N815 - as the answer has it


class Answer(msgspec.Struct):
    """What became of the items; `errors` are those of an item each."""

    results: list[Written]
    errors: list[msgspec.Raw] = []


class Pace:
    """No more than BURST requests in PER_S seconds, counted from when they are answered."""

    def __init__(self) -> None:
        self._begun = 0
        self.answered: list[float] = []

    async def turn(self) -> None:
        """Wait until one more is allowed. The request that it waits for was answered: few are on their way at once."""
        number, self._begun = self._begun, self._begun + 1
        if BURST and number >= BURST:
            await asyncio.sleep(self.answered[number - BURST] + PER_S - time.monotonic())


async def main() -> None:
    """Write everything."""
    decoder = msgspec.json.Decoder(Answer)
    with duckdb.connect(TASK.file, config={"threads": 1}) as connection:
        bodies = iter([row[0].encode() for row in connection.execute(BODIES).fetchall()])
        held, pace = list[Written](), Pace()

        async def send(session: aiohttp.ClientSession) -> None:
            for body in bodies:
                await pace.turn()
                async with session.post(TASK.url, data=body) as response:
                    response.raise_for_status()
                    answer = decoder.decode(await response.read())
                pace.answered.append(time.monotonic())
                if answer.errors:
                    raise RuntimeError(f"not all was written: {answer.errors[0]!r}")
                held.extend(answer.results)
                if len(held) >= ROWS:
                    keep()

        def keep() -> None:
            TASK.keep(connection, [each.objectWriteTraceId for each in held], [each.id for each in held])
            held.clear()

        headers = {**HEADERS, "Content-Type": "application/json"}
        async with aiohttp.ClientSession(headers=headers) as session, asyncio.TaskGroup() as group:
            for _ in range(CONNECTIONS):
                group.create_task(send(session))
        keep()


asyncio.run(main())
