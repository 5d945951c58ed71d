"""What has to be reached, and whether it is."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bench import cpu
from bench.export import Export
from bench.insert import Insert
from bench.length import Length
from bench.load import Cell


@dataclass(frozen=True)
class Row:
    """One figure beside its reference; `reached` is None where nothing is asked for."""

    what: str
    ours: str
    reference: str
    ratio: float | None
    must: str
    reached: bool | None


OWN = ("bot", "actions")
"""Our processes beside Rasa."""
DATABASE = "postgres"
ALL = (*OWN, "rasa", "proxy", DATABASE)
CORES = 2


def turn(pairs: Iterable[tuple[Cell, Cell]]) -> Iterator[Row]:
    """Mitsprache beside the bare Rasa with the light pipeline."""
    for ours, bare in pairs:
        at = f"at {ours.conversations} conversations" if ours.conversations > 1 else "alone"
        wanted = 1.3 if ours.conversations in (8, 32) else None
        yield _rate(f"full turn, messages/s {at}", ours, bare, wanted)
        if ours.conversations == 1:
            yield at_most("full turn, p50 alone", ours.quantile(0.5), bare.quantile(0.5), 1.0, "ms")
        if wanted:
            what = f"CPU of bot and actions {at}, beside that of bare Rasa's rasa, per message"
            yield at_most(what, ours.cost(*OWN), bare.cost("rasa"), 1.0, "ms")


def default(pairs: Iterable[tuple[Cell, Cell]]) -> Iterator[Row]:
    """Mitsprache beside the bare Rasa with its default pipeline."""
    for ours, bare in pairs:
        yield _rate(f"the same beside the default pipeline, messages/s at {ours.conversations}", ours, bare, 3.0)
    what = "the same, memory of all processes but the database's"
    yield at_most(what, _memory(ours), _memory(bare), 0.5, "MiB", digits=0)


def workers(pairs: Iterable[tuple[Cell, Cell]]) -> Iterator[Row]:
    """Two Rasas beside one: half as much again, or the machine is full and a message costs hardly more."""
    for two, one in pairs:
        ratio, dearer = two.rate / one.rate, two.cost(*ALL) / one.cost(*ALL)
        full = two.cores(cpu.BUSY) >= 0.9 * CORES
        must = f"≥ 1.5 ×; or both cores ≥ 90 % busy ({two.cores(cpu.BUSY) / CORES:.0%}) and CPU ≤ 1.15 × ({dearer:.2f})"
        what = f"two Rasas beside one, messages/s at {two.conversations}"
        yield Row(what, f"{two.rate:.1f}", f"{one.rate:.1f}", ratio, must, ratio >= 1.5 or (full and dearer <= 1.15))


def length(ours: Length, bare: Length) -> Iterator[Row]:
    """Late turns beside early ones, of either side."""
    yield at_most("turn at message 500, beside message 10", ours.late, ours.early, 1.1, "ms")
    yield Row("the same, bare Rasa", _ms(bare.late), _ms(bare.early), bare.late / bare.early, "–", None)


def export(measured: Iterable[Export]) -> Iterator[Row]:
    """Our file beside COPY; memory of a long one beside a short one."""
    some, whole = measured
    ratio, flat = whole.rate / whole.copied, whole.peak / some.peak
    what = f"export of {whole.rows:,} answers to CSV, beside COPY, rows/s"
    yield Row(what, f"{whole.rate:,.0f}", f"{whole.copied:,.0f}", ratio, "≥ 0.2 ×", ratio >= 0.2)
    what, reached = f"its peak memory, beside that for {some.rows:,}", whole.peak <= 150 and flat <= 1.1
    yield Row(what, f"{whole.peak:.0f} MB", f"{some.peak:.0f} MB", flat, "≤ 150 MB, ≤ 1.1 ×", reached)


def insert(measured: Iterable[Insert]) -> Iterator[Row]:
    """An answer into a full table beside one into a nearly empty one."""
    for one in measured:
        what = f"insert of an answer, 200,000 stored beside 1,000, {one.kind}"
        yield at_most(what, one.many, one.few, 1.2, "ms")


def start(seconds: float) -> Row:
    """From nothing to the first reply."""
    return Row("warm start until the first reply", f"{seconds:.1f} s", "–", None, "≤ 20 s", seconds <= 20)


def at_most(what: str, ours: float, reference: float, most: float, unit: str, digits: int = 1) -> Row:
    """A figure that has to be small."""
    ratio = ours / reference
    shown = f"{ours:.{digits}f} {unit}", f"{reference:.{digits}f} {unit}"
    return Row(what, shown[0], shown[1], ratio, f"≤ {most:g} ×", ratio <= most)


def _rate(what: str, ours: Cell, bare: Cell, wanted: float | None) -> Row:
    ratio = ours.rate / bare.rate
    must, reached = ("–", None) if wanted is None else (f"≥ {wanted:g} ×", ratio >= wanted)
    return Row(what, f"{ours.rate:.1f}", f"{bare.rate:.1f}", ratio, must, reached)


def _memory(cell: Cell) -> float:
    return sum(value for name, value in cell.memory.items() if name != DATABASE)


def _ms(value: float) -> str:
    return f"{value:.1f} ms"
