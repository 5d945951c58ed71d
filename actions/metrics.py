"""What an operator watches, for Prometheus: numbers without persons. docs/operations.md says what each one means."""

from prometheus_client import Counter, Histogram, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]  # when a series began is nobody's business
ACTION = Histogram("mitsprache_action_seconds", "Time of an action, failed ones included")
FAILURES = Counter("mitsprache_action_failures_total", "Actions that did nothing: refused, or the database was away")
REFUSALS = Counter("mitsprache_refusals_total", "Actions that were refused, by the error's key", ["key"])
