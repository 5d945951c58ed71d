"""What an operator watches, for Prometheus: numbers without persons. docs/operations.md says what each one means.

No label holds anything that came from outside.
"""

from collections.abc import Iterator
from datetime import datetime

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, disable_created_metrics, start_http_server
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from dialogue.errors import Misconfigured
from store import addresses, clock, inbox, logs
from store.database import Database

HOST = "127.0.0.1"
BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)
BROUGHT = ("telegram",)
"""Channels to which replies are brought. On the web the page fetches them, and nobody notes how far it has come."""

disable_created_metrics()  # type: ignore[no-untyped-call]  # when a series began is nobody's business
TURN = Histogram("mitsprache_turn_seconds", "Time of a turn's stages", ["stage"], buckets=BOUNDS)
RASA_ERRORS = Counter("mitsprache_rasa_errors_total", "Turns that Rasa did not end", ["kind"])
RETRIES = Counter("mitsprache_retries_total", "Work that failed and comes again", ["work"])
PARKED = Counter("mitsprache_parked_total", "Messages given up after too many tries")
GIVEN_UP = Counter("mitsprache_updates_given_up_total", "Updates of Telegram that could not be read")
BACKLOG = Gauge("mitsprache_telegram_backlog_seconds", "Since when Telegram has always had something left for us")

# What is there from the beginning, at 0, lets an alarm see the first one.
for _stage in ("take", "rasa", "deliver"):
    TURN.labels(_stage)
for _kind in ("unreachable", "unknown"):
    RASA_ERRORS.labels(_kind)
for _work in ("turn", "reply"):
    RETRIES.labels(_work)

log = logs.logger("metrics")


class Queues(Collector):
    """What waits in the database, counted whenever somebody looks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def describe(self) -> list[Metric]:
        """Nothing before somebody looks: the database may be away when the process starts."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Ages and numbers; nothing while the database is away, since the other metrics are wanted all the same."""
        try:
            with self._database.read() as connection:
                waiting, undelivered = inbox.waiting(connection), addresses.undelivered(connection)
        except SQLAlchemyError as error:
            log.error("queues not counted", error=type(error).__name__)
            return
        count, since = waiting
        yield GaugeMetricFamily("mitsprache_inbox_waiting", "Messages that wait for their turn", count)
        yield GaugeMetricFamily("mitsprache_inbox_age_seconds", "How long the oldest one has waited", _age(since))
        replies = GaugeMetricFamily("mitsprache_outbox_undelivered", "Replies to be brought", labels=["channel"])
        ages = GaugeMetricFamily("mitsprache_outbox_age_seconds", "How old the oldest one is", labels=["channel"])
        for channel in BROUGHT:
            count, since = undelivered.get(channel, (0, None))
            replies.add_metric([channel], count)
            ages.add_metric([channel], _age(since))
        yield from (replies, ages)


def serve(port: int, database: Database) -> None:
    """Tells the metrics to this machine alone. Raises Misconfigured (setting_invalid) when the port is taken."""
    REGISTRY.register(Queues(database))
    try:
        start_http_server(port, HOST)
    except (OSError, OverflowError):
        raise Misconfigured("setting_invalid", name="METRICS_PORT", given=str(port)) from None


def _age(since: datetime | None) -> float:
    return max((clock.now() - since).total_seconds(), 0.0) if since else 0.0
