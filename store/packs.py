"""City packs: reads the files of a city and validates them. An error names file, line and what is wrong."""

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from dialogue.contacts import Contact, Contacts
from dialogue.errors import Misconfigured
from dialogue.rounds import City, Round

CITIES = Path(__file__).resolve().parent.parent / "cities"
Data = TypeVar("Data", bound=BaseModel)


def city(name: str, folder: Path = CITIES) -> City:
    """The city of this name."""
    return _read(folder / name / "city.yml", City)


def round(city: str, name: str, folder: Path = CITIES) -> Round:
    """A round of the city."""
    return _read(folder / city / "rounds" / f"{name}.yml", Round)


def contacts(city: str, folder: Path = CITIES) -> tuple[Contact, ...]:
    """Whom the people of the city can turn to."""
    return _read(folder / city / "contacts.yml", Contacts).contacts


def _read(file: Path, kind: type[Data]) -> Data:
    try:
        node = yaml.compose(file.read_text("utf-8"), Loader=yaml.SafeLoader)
        return kind.model_validate(yaml.safe_load(file.read_text("utf-8")))
    except FileNotFoundError:
        raise Misconfigured("pack_missing", name=str(file)) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise Misconfigured("pack_invalid", name=f"{file}:{line}", given="not readable as YAML") from None
    except ValidationError as error:
        first = error.errors()[0]
        line = _line(node, first["loc"])
        raise Misconfigured("pack_invalid", name=f"{file}:{line}", given=first["msg"]) from None


def _line(node: Any, path: tuple[int | str, ...]) -> int:
    """The line of the value at this path, or of the nearest thing around it that is there."""
    line = node.start_mark.line + 1 if node else 1
    for step in path:
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
        elif isinstance(node, yaml.MappingNode):
            node = next((value for key, value in node.value if key.value == step), None)
        else:
            node = None
        if node is None:
            break
        line = node.start_mark.line + 1
    return int(line)
