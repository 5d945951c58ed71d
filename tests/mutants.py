"""`make mutants`: each promise's test is shown to notice a defect. A copy of the project gets one; its test must fail.

A promise that has no mutation here, or a mutation whose place is gone from the code, fails tests/test_mutants.py.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHARED = (".venv", "rasa_project/.venv", "rasa_project/models")
LONGEST = 400
ON_POSTGRESQL = ("A16", "A17", "A20")


@dataclass(frozen=True)
class Mutation:
    """A defect of a line or two: in this file, `old` becomes `new`; the test named by the selector must fail."""

    line: str
    defect: str
    file: str
    old: str
    new: str
    test: str
    besides: tuple[tuple[str, str, str], ...] = ()
    """Further (file, old, new), where one line alone is still held by another."""
    says: str = ""
    """What the failing test has to say, where any failure would not do."""

    @property
    def edits(self) -> tuple[tuple[str, str, str], ...]:
        """All (file, old, new) of it."""
        return ((self.file, self.old, self.new), *self.besides)


MUTATIONS = (
    Mutation(
        "A1",
        "«stored» is said before the message is committed",
        "bot/web.py",
        "accepted = await asyncio.to_thread(receive, self._wiring, received)",
        'accepted = "stored"; asyncio.get_running_loop().call_later(0.05, receive, self._wiring, received)',
        "tests/test_reliability.py::test_received_means_committed",
    ),
    Mutation(
        "A2",
        "each delivery gets a key of its own",
        "bot/receiving.py",
        "key = keys.message_key(secret, received.channel, received.natural)",
        "key = keys.message_key(secret, received.channel, received.natural + clock.now().isoformat())",
        "tests/test_reliability.py::test_each_message_acts_once",
    ),
    Mutation(
        "A3",
        "messages are told apart by their text",
        "bot/receiving.py",
        "key = keys.message_key(secret, received.channel, received.natural)",
        'key = keys.message_key(secret, received.channel, received.person + (received.text or ""))',
        "tests/test_reliability.py::test_keys_decide",
    ),
    Mutation(
        "A6",
        "a failure to store is swallowed",
        "actions/turn.py",
        "    changes.apply(connection, person, wiring.round, wiring.config.secret, outcome, now)\n",
        "    try:\n        changes.apply(connection, person, wiring.round, wiring.config.secret, outcome, now)\n"
        "    except sa.exc.SQLAlchemyError:\n        pass\n",
        "tests/test_reliability.py::test_broken_answers_say_nothing",
    ),
    Mutation(
        "A7",
        "the action skips its insert",
        "store/changes.py",
        "answers.give(connection, person.participation, change, round.consent_version, person.language, now)",
        "pass",
        "tests/test_reliability.py::test_turn_counts_by_receipt",
    ),
    Mutation(
        "A7",
        "the action skips its receipt",
        "actions/turn.py",
        "if not receipts.write(connection, key, message.person, outcome.effect, reply, now):",
        "if False:",
        "tests/test_reliability.py::test_turn_counts_by_receipt",
    ),
    Mutation(
        "A8",
        "no look for an earlier receipt",
        "actions/turn.py",
        "receipt = receipts.find(connection, key)",
        "receipt = None",
        "tests/test_reliability.py::test_receipt_is_unique",
    ),
    Mutation(
        "A8",
        "a second try binds the message anew",
        "bot/taking.py",
        "if message.bound:",
        "if False:",
        "tests/test_reliability.py::test_binding_outlives_the_turn",
    ),
    Mutation(
        "A9",
        "another body under the same key passes for a repetition",
        "store/inbox.py",
        "if earlier is not None and earlier != body:",
        "if False:",
        "tests/test_reliability.py::test_same_key_other_body",
    ),
    Mutation(
        "A10",
        "a time-out counts as a failure",
        "bot/turns.py",
        "if reached and tries >= self._wiring.config.most_tries:",
        "if reached:",
        "tests/test_reliability.py::test_stalled_action_server",
    ),
    Mutation(
        "A11",
        "a second answer is inserted beside the first",
        "store/answers.py",
        "    if earlier is None:\n        connection.execute(\n            answers.insert()",
        "    if True:\n        connection.execute(\n            answers.insert()",
        "tests/test_reliability.py::test_two_buttons_pressed_quickly",
    ),
    Mutation(
        "A12",
        "the newest message is taken first",
        "store/inbox.py",
        ".order_by(inbox.c.seq).limit(1)",
        ".order_by(inbox.c.seq.desc()).limit(1)",
        "tests/test_reliability.py::test_order_per_person",
    ),
    Mutation(
        "A29",
        "the export leaves further needs out",
        "staff/export.py",
        ".where(participations.c.round == round.id)",
        ".where(participations.c.round == round.id, answers.c.instance == 0)",
        "tests/test_export.py::test_total",
    ),
    Mutation(
        "D1",
        "the pseudonym is the address itself",
        "store/keys.py",
        'return _mac(secret, "person", channel, address)',
        "return address",
        "tests/test_privacy.py::test_addresses_are_not_stored",
    ),
    Mutation(
        "D2",
        "the pseudonym needs no secret",
        "store/keys.py",
        "hmac.new(secret, ",
        'hmac.new(b"", ',
        "tests/test_privacy.py::test_pseudonyms_hang_on_the_secret",
    ),
    Mutation(
        "D3",
        "the store takes answers without consent",
        "store/answers.py",
        "if participation is None or not people.consented_to(connection, participation, version):",
        "if participation is None:",
        "tests/test_privacy.py::test_no_answer_without_consent_in_the_store",
    ),
    Mutation(
        "D3",
        "a yes counts that was on its way before the question was put",
        "dialogue/answering.py",
        "    if value is not None and scene.heard.early and",
        "    if value is None and scene.heard.early and",
        "tests/test_unread.py::test_nobody_confirms_a_summary_unread",
    ),
    Mutation(
        "D5",
        "what waits for a word stays on a device that the talk has left",
        "store/handover.py",
        "    inbox.let_go(connection, person)\n    inbox.unbind(connection, person)\n",
        "    inbox.unbind(connection, person)\n",
        "tests/test_danger.py::test_a_held_message_stays_nowhere",
    ),
    Mutation(
        "D4",
        "the consent's proof names another language",
        "store/answers.py",
        "version=version, language=language, given_at=now",
        'version=version, language="en", given_at=now',
        "tests/test_privacy.py::test_consent_row",
    ),
    Mutation(
        "D5",
        "no tombstones are left for the keys of the erased",
        "store/erasure.py",
        "for key in keys:",
        "for key in keys[:0]:",
        "tests/test_privacy.py::test_erased_again_before_the_notice_was_read",
    ),
    Mutation(
        "D6",
        "the turn that deletes says so and does not do it",
        "bot/delivery.py",
        '            erasure.carry_out(connection, person, Erasure(reply["erase"]), barred, now)',
        "            pass",
        "tests/test_privacy.py::test_deletion_wins_over_a_stalled_answer",
    ),
    Mutation(
        "D10",
        "nothing stands against a second try of somebody too young",
        "store/erasure.py",
        "    connection.execute(bars.insert().values(bar=bar, until=now + BAR))",
        "    pass",
        "tests/test_privacy.py::test_too_young",
    ),
    Mutation(
        "A4",
        "ids below the highest one so far are dropped",
        "bot/receiving.py",
        "        if inbox.known(connection, key, body):\n",
        "        if inbox.known(connection, key, body) or int(received.natural.rpartition(':')[2]) < 10**8:\n",
        "tests/test_memory.py::test_lower_numbers_after_a_restart_are_new_messages",
    ),
    Mutation(
        "A5",
        "keys are remembered for a day",
        "store/retention.py",
        "MEMORY = timedelta(hours=48)",
        "MEMORY = timedelta(hours=24)",
        "tests/test_memory.py::test_a_second_delivery_is_known_for_48_hours",
    ),
    Mutation(
        "A5",
        "keys are never forgotten",
        "store/retention.py",
        '"messages": _messages(connection, now - MEMORY),',
        '"messages": 0,',
        "tests/test_memory.py::test_the_memory_does_not_grow",
    ),
    Mutation(
        "A11",
        "a further need overwrites the one before",
        "dialogue/progress.py",
        "        number += 1\n",
        "        return\n",
        "tests/test_rights.py::test_anything_else_counts_on",
    ),
    Mutation(
        "D1",
        "the code to go on with stands in the log as it is",
        "bot/delivery.py",
        "            worded.text, worded.language,",
        "            keys.reveal(wiring.config.secret, worded.text), worded.language,",
        "tests/test_rights.py::test_the_code_is_stored_nowhere",
    ),
    Mutation(
        "D5",
        "deleting reaches the talk of whoever had the phone before",
        "store/handover.py",
        "        connection.execute(participations.update().where(mine).values(person=place))\n",
        "        pass\n",
        "tests/test_rights.py::test_two_people_on_one_phone",
    ),
    Mutation(
        "D7",
        "the journal is read and not applied",
        "store/erasure.py",
        "            erase(connection, person, now)\n        erased",
        "            pass\n        erased",
        "tests/test_rights.py::test_the_journal_is_applied_again",
    ),
    Mutation(
        "D8",
        "the copy holds everybody's answers",
        "store/copies.py",
        "    mine = participations.c.person == person\n",
        "    mine = sa.true()\n",
        "tests/test_rights.py::test_the_copy_holds_all_of_ones_own_and_nothing_else",
    ),
    Mutation(
        "D9",
        "answers stay for ever",
        "store/retention.py",
        '"participations": _ended(connection, now) if now.date() > keep_until else 0,',
        '"participations": 0,',
        "tests/test_rights.py::test_each_class_goes_in_its_time",
    ),
    Mutation(
        "D9",
        "what was held back is never let go",
        "store/retention.py",
        '"held_messages": _let_go(connection, now - HELD),',
        '"held_messages": 0,',
        "tests/test_rights.py::test_what_waits_for_a_word_does_not_wait_for_ever",
    ),
    Mutation(
        "D16",
        "texts are stored as they were written",
        "dialogue/answering.py",
        "    kept, told = _redacted(scene, joined)\n",
        "    kept, told = joined, Outcome()\n",
        "tests/test_rights.py::test_personal_data_are_not_stored",
    ),
    Mutation(
        "A13",
        "a reply counts as brought before it is",
        "bot/sender.py",
        "                await self._send(address, delivery, there)\n"
        "                await asyncio.to_thread(self._brought, address, delivery)\n",
        "                await asyncio.to_thread(self._brought, address, delivery)\n"
        "                await self._send(address, delivery, there)\n",
        "tests/test_telegram.py::test_after_an_outage_all_is_brought_in_order",
    ),
    Mutation(
        "A14",
        "one chat that has to wait makes all wait",
        "bot/sender.py",
        "await asyncio.to_thread(self._again_later, address, timedelta(seconds=seconds))",
        '__import__("time").sleep(seconds)',
        "tests/test_telegram.py::test_a_busy_chat_holds_nobody_up",
    ),
    Mutation(
        "A15",
        "what can't be brought now is given up",
        "bot/sender.py",
        "                await asyncio.to_thread(self._again_later, address, None)\n",
        "                await asyncio.to_thread(self._done, address, address.last)\n",
        "tests/test_telegram.py::test_after_an_outage_all_is_brought_in_order",
    ),
    Mutation(
        "A16",
        "while the database is away, the look for messages comes to its end",
        "bot/turns.py",
        "except Exception as error:  # the database may be away for a while; the inbox is patient",
        "except KeyError as error:",
        "tests/test_faults.py::test_the_database_is_away",
    ),
    Mutation(
        "A17",
        "PostgreSQL says «committed» before it has written",
        "store/database.py",
        "-c lock_timeout={WAIT_FOR_LOCK}s",
        "-c lock_timeout={WAIT_FOR_LOCK}s -c synchronous_commit=off",
        "tests/test_faults.py::test_the_database_crashes",
    ),
    Mutation(
        "A18",
        "what the disk does not take is called stored",
        "bot/web.py",
        "accepted = await asyncio.to_thread(receive, self._wiring, received)",
        "accepted = (await asyncio.gather(asyncio.to_thread(receive, self._wiring, received), "
        "return_exceptions=True))[0]; accepted = accepted if isinstance(accepted, str) else 'stored'",
        "tests/test_faults.py::test_the_disk_takes_nothing",
    ),
    Mutation(
        "A19",
        "the lease of a process that died holds for ever",
        "store/inbox.py",
        "passed(people.c.lease_until, now))",
        "people.c.lease_until.is_(None))",
        "tests/test_faults.py::test_processes_die",
    ),
    Mutation(
        "A20",
        "each process has keys of its own",
        "bot/receiving.py",
        "key = keys.message_key(secret, received.channel, received.natural)",
        'key = keys.message_key(secret, received.channel, received.natural + str(__import__("os").getpid()))',
        "tests/test_faults.py::test_two_of_everything",
    ),
    Mutation(
        "A21",
        "each try of a message has an id of its own",
        "bot/page/chat.js",
        "const { id, text, button, change } = message;",
        "const { text, button, change } = message, id = uuid();",
        "tests/browser/test_device.py::test_lost_answer_and_reload",
    ),
    Mutation(
        "A21",
        "what is on its way is forgotten by a reload",
        "bot/page/chat.js",
        "  talk.messages.push(message);\n  memory.keep(talk);\n",
        "  talk.messages.push(message);\n",
        "tests/browser/test_device.py::test_lost_answer_and_reload",
    ),
    Mutation(
        "A22",
        "what is being typed is kept when it is sent",
        "bot/page/view.js",
        "    draft(input.value);\n",
        "",
        "tests/browser/test_device.py::test_draft_outlives_a_reload",
    ),
    Mutation(
        "A22",
        "the choice is taken and nothing done",
        "bot/page/memory.js",
        "  if (opened) hold(opened, talk);\n",
        "",
        "tests/browser/test_device.py::test_talk_outlives_a_killed_browser",
    ),
    Mutation(
        "A22",
        "the choice is taken back and the device keeps it all",
        "bot/page/memory.js",
        "  indexedDB.deleteDatabase(NAME);\n",
        "",
        "tests/browser/test_device.py::test_unticking_clears_the_device",
    ),
    Mutation(
        "A23",
        "an update that fails is tried for ever",
        "bot/telegram.py",
        "except Exception as error:  # whatever it is: nobody else may wait for it",
        "except KeyError as error:",
        "tests/test_telegram.py::test_a_failing_update_keeps_nobody_away",
    ),
    Mutation(
        "A24",
        "a group is taken for a person",
        "bot/telegram.py",
        "elif message is not None and message.chat.type == ChatType.PRIVATE:",
        "elif message is not None:",
        "tests/test_telegram.py::test_groups_are_told_once",
    ),
    Mutation(
        "A25",
        "what Telegram holds back is looked at and forgotten",
        "bot/backlog.py",
        "self._since = self._since or now",
        "self._since = now",
        "tests/test_telegram.py::test_a_backlog_raises_an_alarm",
    ),
    Mutation(
        "A26",
        "what came while we were away is thrown away",
        "bot/telegram.py",
        "await self._until_done(self._bot.delete_webhook)",
        "await self._until_done(lambda: self._bot.delete_webhook(drop_pending_updates=True))",
        "tests/test_telegram.py::test_nothing_that_waits_is_dropped",
    ),
    Mutation(
        "A27",
        "a backup copies the file of a database at work",
        "store/backups.py",
        'connection.execute("VACUUM INTO ?", (str(part),))',
        "shutil.copyfile(str(file), part)",
        "tests/test_backups.py::test_a_backup_under_load",
    ),
    Mutation(
        "A27",
        "a database that holds something is overwritten",
        "store/backups.py",
        "if database.holds_something(url):",
        "if False:",
        "tests/test_backups.py::test_a_restore_refuses_and_leaves_nothing",
    ),
    Mutation(
        "A27",
        "after a restore numbers are given out that a page knows already",
        "store/backups.py",
        "            outbox.leave_gap(connection)\n",
        "",
        "tests/test_drill.py::test_the_drill",
    ),
    Mutation(
        "D7",
        "who waited to take part when the backup was made takes part again",
        "store/erasure.py",
        "for query in (holders, person)",
        "for query in (holders,)",
        "tests/test_backups.py::test_who_waited_to_take_part_stays_deleted",
    ),
    Mutation(
        "A28",
        "at a stop a reply is broken off, and brought once more later",
        "bot/app.py",
        "        await asyncio.gather(*(one.end() for one in workers))\n",
        "",
        "tests/test_telegram.py::test_a_stop_in_a_burst",
    ),
    Mutation(
        "D17",
        "nobody hears that Telegram reads along",
        "bot/delivery.py",
        'if receipt.effect in FIRST and taken.metadata["channel"] == TELEGRAM:',
        "if False:",
        "tests/test_telegram.py::test_who_else_reads_is_said_first",
    ),
    Mutation(
        "A30",
        "who blocked the bot is written to for ever",
        "bot/sender.py",
        "addresses.release(connection, address, blocked=True)",
        "addresses.release(connection, address, blocked=False)",
        "tests/test_telegram.py::test_a_blocked_bot_keeps_the_answers",
    ),
)


def main() -> int:
    """Runs every mutation, or those of the lines that are named; 1 if one survives."""
    chosen = [mutation for mutation in MUTATIONS if not sys.argv[1:] or mutation.line in sys.argv[1:]]
    survived = 0
    print(f"{'line':5} {'result':9} {'s':>4}  defect")
    for mutation in chosen:
        began = time.monotonic()
        killed = fails(mutation)
        survived += not killed
        result = "noticed" if killed else "SURVIVED"
        print(f"{mutation.line:5} {result:9} {time.monotonic() - began:4.0f}  {mutation.defect}", flush=True)
    print(f"{len(chosen) - survived} passed, {survived} failed")
    return 1 if survived else 0


def fails(mutation: Mutation) -> bool:
    """Whether the test notices the defect, in a copy of the project."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        _copy(copy)
        for name, old, new in mutation.edits:
            file = copy / name
            file.write_text(file.read_text("utf-8").replace(old, new, 1), "utf-8")
        command = [str(copy / ".venv/bin/python"), "-m", "pytest", "-x", "-p", "no:cacheprovider", mutation.test]
        # One kind of database is enough to notice it, but for what is about the other kind.
        environ = {**os.environ, **({} if mutation.line in ON_POSTGRESQL else {"NO_POSTGRES": "1"})}
        done = subprocess.run(command, cwd=copy, env=environ, capture_output=True, text=True, timeout=LONGEST)
        # A test that could not even begin has noticed nothing.
        if not re.search(r"^\d+ (passed|failed)", done.stdout, re.MULTILINE):
            raise RuntimeError(f"{mutation.line}: the test did not run\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.returncode == 1 and mutation.says in done.stdout


def _copy(target: Path) -> None:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines():
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    for shared in SHARED:
        (target / shared).symlink_to(ROOT / shared)
    python = str(target / ".venv/bin/python")
    subprocess.run([python, "-m", "translations.catalogs", "compile"], cwd=target, check=True, capture_output=True)


if __name__ == "__main__":
    sys.exit(main())
