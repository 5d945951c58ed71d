"""`python -m bot`: the channels, and the turns behind them.

`python -m bot worker`: what is done beside them, in a process of its own. `python -m bot profile`: what Telegram shows.
"""

import asyncio
import gc
import sys

import uvicorn
from telegram.error import TelegramError

from bot import app, metrics, profile, telegram, wiring
from dialogue.errors import Misconfigured
from store import config, faults, logs
from translations.catalogs import explain


def main() -> None:
    """Starts the server, or sets the profile; refuses without what it needs."""
    try:
        settings = config.load()
        if sys.argv[1:] == ["profile"]:
            if not settings.telegram_token:
                raise Misconfigured("setting_missing", name="TELEGRAM_TOKEN")
            _publish(wiring.wire(settings))
            return
        alone = sys.argv[1:] == ["worker"]
        if not settings.rasa_token and not alone:
            raise Misconfigured("setting_missing", name="RASA_TOKEN")
        logs.start(settings.log_level, settings.log_format)
        faults.arm(settings.fault_dir)
        wired = wiring.wire(settings)
        served = app.worker(wired) if alone else app.make(wired)
        if settings.metrics_port:
            metrics.serve(settings.metrics_port, wired.database)
    except Misconfigured as error:
        sys.exit(f"bot can't start: {explain(error)}")
    gc.freeze()  # libraries and words stay: what comes and goes is looked through without them
    # Open streams would hold a stop up for ever; what is not answered stays in the inbox.
    uvicorn.run(
        served, host=settings.host, port=settings.port, log_config=None, access_log=False, timeout_graceful_shutdown=2
    )


def _publish(wired: wiring.Wiring) -> None:
    try:
        made = asyncio.run(profile.publish(wired, telegram.client(wired.config)))
    except TelegramError as error:
        # Its words may hold the token.
        sys.exit(f"Telegram did not take the profile: {type(error).__name__}")
    print(f"profiles set: {made}")


if __name__ == "__main__":
    main()
