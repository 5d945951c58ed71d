"""Whom a person can turn to: the contacts of a city, as data, validated."""

from datetime import date
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from dialogue.rounds import ID


class Purpose(StrEnum):
    """What a contact is for; the delicate moments of danger, discrimination and residence each have theirs."""

    EMERGENCY = "emergency"
    DISCRIMINATION = "discrimination"
    RESIDENCE = "residence"
    PERSON = "person"


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


DAY = "(?:Mo|Di|Mi|Do|Fr|Sa|So)"
AT_ALL_HOURS = "0-24"


class Contact(_Data):
    """One office or helpline.

    `name`, as it stands on the door, and `free`, `languages`, `checked` are for whoever keeps the file up to date;
    people are shown the name in their language, from the city's catalog, phone, url and hours.
    """

    id: str = ID
    purpose: Purpose
    name: str = Field(min_length=2)
    phone: str | None = Field(default=None, pattern=r"^[0-9][0-9 -]*[0-9]$")
    url: str | None = Field(default=None, pattern=r"^https://[^ ]+$")
    hours: str | None = Field(default=None, pattern=rf"^(?:{AT_ALL_HOURS}|{DAY}-{DAY} \d{{1,2}}-\d{{1,2}})$")
    """«Mo-Fr 8-18», in German days of the week; nothing where we don't know."""
    languages: tuple[str, ...] = ()
    """The languages it is known to speak, as codes; empty when we don't know."""
    free: bool
    checked: date
    """When this entry was last compared with its source."""

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if self.phone is None and self.url is None:
            raise ValueError(f"«{self.id}»: a contact has a phone or a url")
        return self


class Contacts(_Data):
    """The contacts of a city, in the order in which they are shown."""

    contacts: tuple[Contact, ...]

    @model_validator(mode="after")
    def _no_id_twice(self) -> Self:
        ids = [contact.id for contact in self.contacts]
        if double := next((id for id in ids if ids.count(id) > 1), None):
            raise ValueError(f"the contact id «{double}» stands twice")
        return self
