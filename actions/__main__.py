"""`python -m actions`: the action server, in one process, on this machine's own address, for Rasa alone."""

import sys

from rasa_sdk.endpoint import create_app
from rasa_sdk.executor import ActionExecutor
from sanic import Request, response
from sanic.response import HTTPResponse

from actions import wiring
from dialogue.errors import Misconfigured, MitspracheError
from store import config, faults, keys, logs
from translations.catalogs import explain


def main() -> None:
    """Starts the server; refuses without a token."""
    try:
        settings = config.load()
        if not settings.actions_token:
            raise Misconfigured("setting_missing", name="ACTIONS_TOKEN")
        logs.start(settings.log_level)
        faults.arm(settings.fault_dir)
        wiring.wiring()
    except Misconfigured as error:
        sys.exit(f"actions can't start: {explain(error)}")
    executor = ActionExecutor()
    # Named exactly: the SDK imports every submodule of a package that it is pointed at.
    executor.register_package("actions.handlers")
    app = create_app(executor, cors_origins=[])
    expected = f"Bearer {settings.actions_token}"

    @app.middleware("request")
    async def guard(request: Request) -> HTTPResponse | None:
        if request.path != "/health" and not keys.same(request.headers.get("authorization", ""), expected):
            return response.json({"error": "token"}, status=401)
        return None

    @app.exception(MitspracheError)
    async def refused(_request: Request, error: MitspracheError) -> HTTPResponse:
        logs.logger("actions").warning("refused: %s", error.key)
        return response.json({"error": error.key}, status=500)

    app.run(host="127.0.0.1", port=settings.actions_port, single_process=True, access_log=False, motd=False)


if __name__ == "__main__":
    main()
