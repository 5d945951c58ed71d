"""What was measured, as Markdown."""

from collections.abc import Iterable

from bench import cpu
from bench.load import WARM_UP, Cell
from bench.parts import Bench
from bench.talk import INTERVIEW
from bench.targets import Row

PROCESSES = ("bot", "rasa", "actions", "postgres", cpu.CLIENT)
KEPT = ("bot", "rasa", "actions")
VERDICTS = {None: "–", True: "reached", False: "**missed**"}
HEAD = (
    *("side", "conversations", "messages/s", "p50 ms", "p95 ms", "p99 ms", "errors"),
    *(f"CPU {name}" for name in PROCESSES),
    *("foreign cores", "busy cores"),
    *(f"MiB {name}" for name in KEPT),
    "connections",
)

HOW = """\
A turn lasts from a message going in until its reply has been read: for Mitsprache out of the log, from the stream of
events as its page does it; for bare Rasa as the answer of its REST channel. An interview is {all} messages, the same
on both sides: a begin, {pressed} buttons, {typed} typed texts (two needs, two ideas). No think time; a new person after
each end. Each row: {rounds} rounds of {seconds:g} s after {warm:g} s of warm-up, the sides in turns. Errors: no reply,
thanks too early or too late, a need that isn't in the database exactly once.

CPU: ms per message of each process with its children, «bench» being the client on the same cores. Foreign cores: how
many were busy with anything else; above 0.3 trust neither times nor messages/s, and CPU only roughly. Memory: shared
pages count once. Connections: to the database, afterwards.

Everything runs on one PostgreSQL that waits for its disk. Mitsprache is started as by `make run`, its limits lifted;
before its reply can be read it has committed inbox, answer, receipt and outbox. Bare Rasa is Rasa 3.6.21 with its SQL
tracker store, its REST channel and `python -m rasa_sdk`; the questionnaire is a form, and one action stores the needs:
it is called {actions} times an interview, while Mitsprache calls one at each message. The light pipeline is that of
Mitsprache with Rasa's own classifier, the default one that of `rasa init`; both learn eight acts from 145 German
examples, which is less than Mitsprache has to know. Bare Rasa checks no answer and keeps no inbox: it can lose an
answer, or store it twice.
"""


def whole(bench: Bench) -> str:
    """The targets, the cells behind them, and how they came about."""
    if not bench.cells:
        return f"{_targets(bench.rows)}\n"
    return "\n\n".join((_targets(bench.rows), _table(HEAD, map(_cell, bench.cells)), _how(bench)))


def _targets(rows: Iterable[Row]) -> str:
    return _table(("what", "ours", "reference", "ratio", "must reach", "reached?"), map(_target, rows))


def _target(row: Row) -> tuple[str, ...]:
    ratio = "–" if row.ratio is None else f"{row.ratio:.2f}"
    return row.what, row.ours, row.reference, ratio, row.must, VERDICTS[row.reached]


def _cell(cell: Cell) -> tuple[str, ...]:
    return (
        *(cell.side, str(cell.conversations), f"{cell.rate:.1f}"),
        *(f"{cell.quantile(share):.1f}" for share in (0.5, 0.95, 0.99)),
        str(len(cell.errors)),
        *(f"{cell.cost(name):.1f}" if name in cell.spent else "–" for name in PROCESSES),
        *(f"{cell.cores(name):.2f}" for name in (cpu.FOREIGN, cpu.BUSY)),
        *(f"{cell.memory[name]:.0f}" if name in cell.memory else "–" for name in KEPT),
        str(cell.backends),
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table whose first column is words and all others figures."""
    lines = (head, ("---", *("---:" for _ in head[1:])), *rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _how(bench: Bench) -> str:
    typed = sum(step.typed for step in INTERVIEW)
    return HOW.format(
        all=len(INTERVIEW),
        typed=typed,
        pressed=len(INTERVIEW) - 1 - typed,
        actions=2,
        warm=WARM_UP,
        rounds=bench.rounds,
        seconds=bench.seconds,
    )
