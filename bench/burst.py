"""`python -m bench.burst`: many people press «Start» on Telegram at once; what is lost, doubled or out of order."""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from store.tables import inbox
from tests.stack import Stack, free_ports
from tests.telegram import TOKEN, Chatter, Server

LONGEST = 600.0


def main() -> None:
    """Prints the figures; exit code 1 if a reply is missing, came twice or in the wrong order."""
    options = argparse.ArgumentParser(prog="python -m bench.burst", description=__doc__)
    options.add_argument("--people", type=int, default=500, help="how many press «Start» at once")
    options.add_argument("--webhook", action="store_true", help="Telegram brings the messages, instead of us fetching")
    given = options.parse_args()
    port, bot = free_ports(2)
    environ = {"TELEGRAM_TOKEN": TOKEN, "TELEGRAM_API": f"http://127.0.0.1:{port}", "BOT_PORT": str(bot)}
    environ |= {"LOG_LEVEL": "INFO", "WEBSITE": "https://example.org/chat"}
    if given.webhook:
        environ |= {"TELEGRAM_WEBHOOK": f"http://127.0.0.1:{bot}/telegram", "TELEGRAM_SECRET": "s" * 32}
    with (
        tempfile.TemporaryDirectory() as folder,
        Server(port).running() as server,
        Stack(Path(folder) / "data", **environ).running() as stack,
    ):
        alone = [_one(stack, server) for _ in range(9)]
        print(f"from a link to the first question, alone: median {statistics.median(alone):.2f} s, 9 times")
        wrong = _burst(stack, server, given.people)
    raise SystemExit(1 if wrong else 0)


def _one(stack: Stack, server: Server) -> float:
    chatter, began = Chatter(stack, server, "de"), time.monotonic()
    chatter.writes("/start ar")
    while len(server.sent(chatter.chat)) < 2:
        time.sleep(0.005)
    return time.monotonic() - began


def _burst(stack: Stack, server: Server, people: int) -> int:
    chatters = [Chatter(stack, server, "de") for _ in range(people)]
    expected = [message["text"] for message in server.sent(min(call.chat for call in server.calls if call.chat > 0))]
    began = time.monotonic()
    for chatter in chatters:
        chatter.writes("/start ar")
    while time.monotonic() - began < LONGEST and any(len(server.sent(one.chat)) < len(expected) for one in chatters):
        server.deliver()
        time.sleep(0.1)
    took = time.monotonic() - began
    time.sleep(2)  # what comes twice comes by now
    texts = [[message["text"] for message in server.sent(one.chat)] for one in chatters]
    lost = sum(len(set(expected) - set(said)) for said in texts)
    doubled = sum(len(said) - len(set(said)) for said in texts)
    inverted = sum(said != expected for said in texts) - (sum(len(said) != len(expected) for said in texts))
    stored = [stack.count(inbox, inbox.c.person == stack.person(one)) for one in chatters]
    waits = sorted(_wait(server, one, began) for one in chatters)
    print(
        f"{people} people at once: {took:.1f} s until the last reply; messages stored {sum(stored)} of {people}, "
        f"replies lost {lost}, doubled {doubled}, chats out of order {inverted}; "
        f"wait for the first question: median {waits[len(waits) // 2]:.1f} s, p95 {waits[int(len(waits) * 0.95)]:.1f} s"
    )
    return lost + doubled + inverted + sum(count != 1 for count in stored)


def _wait(server: Server, chatter: Chatter, began: float) -> float:
    return max((call.at for call in server.calls if call.chat == chatter.chat), default=began + LONGEST) - began


if __name__ == "__main__":
    main()
