"""What the trained assistant makes of texts: `python understand.py a.tsv b.tsv` prints a line of JSON for each row.

The files have a column `text`; where there is a column `language`, it wins over the name of the file. Each text is
parsed twice by Rasa's own message processor: as an answer in free words, and at a question with given answers. The
model is the newest one, or the one that $MODEL names.
"""

import lean  # noqa: F401 I001  before Rasa

import asyncio
import csv
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any, Dict, Iterable, List, Text

logging.disable(logging.CRITICAL)  # before Rasa can say anything: stdout carries the results alone

from rasa.core.agent import Agent  # noqa: E402
from rasa.core.channels.channel import UserMessage  # noqa: E402
from rasa.utils.log_utils import configure_structlog  # noqa: E402

HERE = Path(__file__).resolve().parent
FREE = {"kind": "text", "free": True, "reads": False}
CLOSED = {"kind": "choice", "free": False, "reads": False}


def newest(folder: Path = HERE / "models") -> Path:
    """The model that was trained last."""
    return max(folder.glob("*.tar.gz"), key=lambda model: model.stat().st_mtime)


def rows(file: Path) -> List[Dict[Text, Text]]:
    """The rows of a test set, each with its language."""
    with file.open(encoding="utf-8", newline="") as opened:
        # A quotation mark at the beginning of a line is just one that somebody typed.
        table = csv.DictReader(opened, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [{"file": file.stem, "language": file.stem, **row} for row in table]


async def _understood(agent: Agent, row: Dict[Text, Text]) -> Dict[Text, Any]:
    found: Dict[Text, Any] = dict(row)
    for question, expects in (("free", FREE), ("closed", CLOSED)):
        parsed = await agent.processor.parse_message(UserMessage(row["text"], metadata={"expects": expects}))
        found[question] = parsed["intent"]["name"]
        if question == "free":
            found["meant"] = parsed.get("meant")
            found["ranking"] = [
                [guess["name"], round(guess["confidence"], 3)] for guess in parsed["intent_ranking"][:3]
            ]
    return found


async def _main(files: Iterable[Text]) -> None:
    agent = Agent.load(os.environ.get("MODEL") or str(newest()))
    for file in files:
        for row in rows(Path(file)):
            print(json.dumps(await _understood(agent, row), ensure_ascii=False))


if __name__ == "__main__":
    configure_structlog(logging.CRITICAL)
    asyncio.run(_main(sys.argv[1:]))
