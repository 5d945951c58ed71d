"""Defects under which a crash, a full disk or a second process would break a promise (A16-A20, A27)."""

from tests.mutation import Mutation

MUTATIONS = (
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
)
