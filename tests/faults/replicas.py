"""Two of every process on one machine behind a reverse proxy, which sends each request to either."""

from tests.stack import Stack


class Replicas(Stack):
    """To be written."""
