"""`python -m store migrate`: brings the database to the newest form."""

import sys

from dialogue.errors import Misconfigured
from store import config, database

if __name__ == "__main__":
    if sys.argv[1:] != ["migrate"]:
        sys.exit("usage: python -m store migrate")
    try:
        database.migrate(config.load().database_url)
    except Misconfigured as error:
        sys.exit(f"no database: {error}")
    print("database ready")
