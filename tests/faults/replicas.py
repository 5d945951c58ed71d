"""Two of every process on one machine, behind a reverse proxy that sends each request to either of them."""

import os
from dataclasses import replace
from pathlib import Path

from deploy import local
from deploy.supervisor import Service
from tests.packages import program
from tests.stack import Stack, free_ports

KINDS = ("bot", "rasa", "actions")
CONFIG = """\
worker_processes 1;
daemon off;
{user}
error_log {folder}/error.log;
pid {folder}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    proxy_connect_timeout 2s;
    proxy_read_timeout 75s;
{servers}
}}
"""
SERVER = """\
    upstream {name} {{ {members} }}
    server {{ listen 127.0.0.1:{front}; location / {{ proxy_pass http://{name}; proxy_set_header Host $http_host; }} }}
"""


class Replicas(Stack):
    """A stack of which every process runs twice; `bot`, `rasa` and `actions` are the first, `bot-2` … the second."""

    def services(self, model: Path) -> list[Service]:
        """The processes, and the proxy before them: whoever asks for one of them asks the proxy."""
        fronts = {"bot": self.settings.bot_port, "rasa": free_ports(1)[0], "actions": free_ports(1)[0]}
        known = {
            "RASA_URL": f"http://127.0.0.1:{fronts['rasa']}",
            "ACTIONS_URL": f"http://127.0.0.1:{fronts['actions']}",
        }
        ports = [dict(zip((*KINDS, "metrics"), free_ports(4), strict=True)) for _ in range(2)]
        made = []
        for number, mine in enumerate(ports, 1):
            environ = {**self.settings.environ, **{f"{kind.upper()}_PORT": str(port) for kind, port in mine.items()}}
            own = {f"{kind.upper()}_URL": f"http://127.0.0.1:{mine[kind]}" for kind in ("rasa", "actions")}
            here = replace(
                self.settings,
                bot_port=mine["bot"],
                rasa_port=mine["rasa"],
                actions_port=mine["actions"],
                environ={**environ, **own},
            )
            for service in local.services(here, model):
                name = service.name if number == 1 else f"{service.name}-{number}"
                made.append(replace(service, name=name, environ={**environ, **known}))
        return [*made, self._proxy(fronts, ports)]

    def _proxy(self, fronts: dict[str, int], ports: list[dict[str, int]]) -> Service:
        servers = "".join(
            SERVER.format(
                name=kind,
                front=front,
                members=" ".join(f"server 127.0.0.1:{one[kind]} max_fails=1 fail_timeout=1s;" for one in ports),
            )
            for kind, front in fronts.items()
        )
        return proxy(self.data / "proxy", servers, fronts["bot"])


def proxy(folder: Path, servers: str, port: int) -> Service:
    """A reverse proxy with these servers, the one on `port` before the bots."""
    folder.mkdir(parents=True)
    user = "user root;" if os.geteuid() == 0 else ""
    config = folder / "nginx.conf"
    config.write_text(CONFIG.format(folder=folder, user=user, servers=servers))
    return Service(
        name="proxy",
        command=(program("nginx"), "-p", str(folder), "-c", str(config), "-e", str(folder / "error.log")),
        cwd=folder,
        port=port,
        port_setting="BOT_PORT",
        health=f"http://127.0.0.1:{port}/healthz",
        environ=dict(os.environ),
    )
