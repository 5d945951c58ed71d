"""`python -m store migrate`: brings the database to the newest form."""

import sys

from store import config, database

if __name__ == "__main__":
    if sys.argv[1:] != ["migrate"]:
        sys.exit("usage: python -m store migrate")
    database.migrate(config.load().database_url)
    print("database ready")
