"""`python -m actions`: the action server, in one process, for Rasa alone; by itself it listens to this machine only."""

import gc
import sys

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from rasa_sdk.endpoint import create_app
from rasa_sdk.executor import ActionExecutor
from sanic import Request, Sanic, response
from sanic.response import HTTPResponse

from actions import metrics, wiring
from dialogue.errors import Misconfigured, MitspracheError
from store import config, faults, keys, logs
from store.readiness import Readiness
from translations.catalogs import explain

OPEN = ("/healthz", "/readyz")
"""What answers without a token, in one word."""


def main() -> None:
    """Starts the server; refuses without a token."""
    try:
        settings = config.load()
        if not settings.actions_token:
            raise Misconfigured("setting_missing", name="ACTIONS_TOKEN")
        logs.start(settings.log_level, settings.log_format)
        faults.arm(settings.fault_dir)
        readiness = Readiness(wiring.wiring().database)
    except Misconfigured as error:
        sys.exit(f"actions can't start: {explain(error)}")
    app = _serve(f"Bearer {settings.actions_token}", readiness)
    gc.freeze()  # libraries and words stay: what comes and goes is looked through without them
    app.run(settings.actions_host, settings.actions_port, single_process=True, access_log=False, motd=False)


def _serve(expected: str, readiness: Readiness) -> Sanic:
    """The action server, which listens to who knows the token; and what it tells of itself."""
    executor = ActionExecutor()
    # Named exactly: the SDK imports every submodule of a package that it is pointed at.
    executor.register_package("actions.handlers")
    app = create_app(executor, cors_origins=[])

    @app.middleware("request")
    async def guard(request: Request) -> HTTPResponse | None:
        if request.path not in OPEN and not keys.same(request.headers.get("authorization", ""), expected):
            return response.json({"error": "token"}, status=401)
        return None

    @app.exception(MitspracheError)
    async def refused(_request: Request, error: MitspracheError) -> HTTPResponse:
        logs.logger("actions").warning("refused", key=error.key)
        metrics.REFUSALS.labels(error.key).inc()
        return response.json({"error": error.key}, status=500)

    @app.get("/healthz")
    async def alive(_request: Request) -> HTTPResponse:
        return response.text("ok")

    @app.get("/readyz")
    async def ready(_request: Request) -> HTTPResponse:
        return response.text("ready") if await readiness.ready() else response.text("unready", status=503)

    @app.get("/metrics")
    async def measured(_request: Request) -> HTTPResponse:
        return response.raw(generate_latest(), content_type=CONTENT_TYPE_LATEST)

    return app


if __name__ == "__main__":
    main()
