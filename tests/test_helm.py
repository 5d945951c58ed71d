"""The chart for a cluster, as far as it can be shown without one: what helm makes of it, and who may call whom."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy import secret_files
from dialogue.errors import Misconfigured
from store import config
from tests import charts, images, policies
from tests.charts import Manifest
from tests.policies import Place
from tests.test_docs import settings

FILE = images.compose({"SITE": charts.values()["site"], "OWNER": "10001:10001", "TELEGRAM": "yes"})["services"]
ALL = charts.manifests(telegram=True)
RUNNING = ("bot", "worker", "rasa", "actions")
PARTS = (*RUNNING, "migrate")
PORTS = {"bot": 8080, "rasa": 5005, "actions": 5055}
each = pytest.mark.parametrize("part", PARTS)


def kind(name: str, manifests: list[Manifest] = ALL) -> dict[str, Manifest]:
    """The manifests of this kind, by the part that they are for."""
    found = (one for one in manifests if one["kind"] == name)
    return {one["metadata"]["name"].removeprefix(f"{charts.RELEASE}-"): one for one in found}


WORKLOADS = kind("Deployment") | kind("Job")
POLICIES = list(kind("NetworkPolicy").values())
WITHOUT_TELEGRAM = list(kind("NetworkPolicy", charts.manifests()).values())


def pod(part: str) -> dict[str, Any]:
    """What the pod of a part is to be."""
    found: dict[str, Any] = WORKLOADS[part]["spec"]["template"]["spec"]
    return found


def container(part: str) -> dict[str, Any]:
    """The container of a part, once its secrets are laid out."""
    (found,) = pod(part)["containers"]
    return dict(found)


def environ(part: str) -> dict[str, str]:
    """The settings of a part."""
    return {one["name"]: one["value"] for one in container(part)["env"]}


def test_the_chart_is_well_formed() -> None:
    """Helm and Kubernetes' own schemas find nothing, of the oldest version that is asked for and of a new one."""
    subprocess.run([sys.executable, "-m", "tests.charts"], check=True, cwd=charts.ROOT)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("maxUnavailable: 0", "maxUnavailabel: 0"),
        ("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: certainly"),
        ("policyTypes: [Ingress, Egress]", "policyTypes: Ingress"),
    ],
)
def test_a_wrong_manifest_is_noticed(right: str, wrong: str) -> None:
    """A misspelt key and a value of the wrong kind don't pass."""
    text = charts.render(charts.values())
    assert charts.complaints(text, charts.VERSIONS[-1]) == ""
    assert charts.complaints(text.replace(right, wrong, 1), charts.VERSIONS[-1]) != ""


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"sit": "mitreden.example.org"}, "additional properties 'sit' not allowed"),
        ({"site": None}, "missing property 'site'"),
        ({"site": "https://mitreden.example.org/"}, "is not valid hostname"),
        ({"images": {"services": "mitsprache", "rasa": "mitsprache-rasa:1.0"}}, "'mitsprache' does not match"),
        ({"images": {"services": "x/mitsprache:latest", "rasa": "mitsprache-rasa:1.0"}}, "latest' does not match"),
        ({"postgresql": {"port": 5432, "peers": []}}, "/postgresql/peers': minItems: got 0, want 1"),
        ({"redis": {"port": 6379, "peers": [{}]}}, "/redis/peers/0': minProperties: got 0, want 1"),
        ({"replicas": {"bot": 0}}, "/replicas/bot': minimum: got 0, want 1"),
        ({"replicas": {"proxy": 1}}, "additional properties 'proxy' not allowed"),
        ({"logLevel": "LOUD"}, "/logLevel': value must be one of 'DEBUG'"),
    ],
)
def test_wrong_values_are_refused(wrong: dict[str, Any], sentence: str) -> None:
    """What is missing, unknown or of the wrong kind is named, and nothing is installed."""
    given = {name: value for name, value in charts.values(**wrong).items() if value is not None}
    with pytest.raises(ValueError, match=re.escape(sentence)):
        charts.render(given)


@each
def test_a_pod_is_hardened(part: str) -> None:
    """C23: no pod is root, can become it, writes outside its folders, or has a way to the cluster's own interface."""
    spec = pod(part)
    assert spec["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC", "serviceAccountName"} & set(spec)
    secure = spec["securityContext"]
    assert secure["runAsNonRoot"] is True
    assert secure["runAsUser"] > 0 < secure["runAsGroup"]
    assert secure["seccompProfile"] == {"type": "RuntimeDefault"}
    for one in (*spec["initContainers"], *spec["containers"]):
        assert one["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"cpu", "memory"} == set(one["resources"]["limits"]) == set(one["resources"]["requests"])


def place(part: str) -> Place:
    """A pod of a part, on the cluster's inner network."""
    labels = WORKLOADS[part]["spec"]["template"]["metadata"]["labels"]
    return Place(f"10.244.0.{PARTS.index(part) + 10}", labels, charts.NAMESPACE)


POSTGRESQL, REDIS = Place("10.20.0.5"), Place("10.20.0.6")
DNS = Place("10.96.0.10", {"k8s-app": "kube-dns"}, "kube-system")
OUTSIDE, THE_CLUSTER, CLOUD = Place("203.0.113.7"), Place("10.96.0.1"), Place("169.254.169.254")
DOOR = Place("10.244.1.1", {}, "ingress-nginx")
NEIGHBOUR = Place("10.244.1.2", {"app.kubernetes.io/name": "other"}, charts.NAMESPACE)
STRANGER = Place("10.244.1.3", {"app.kubernetes.io/component": "bot"}, "elsewhere")
PEERS = {
    **{part: place(part) for part in PARTS},
    **{"postgresql": POSTGRESQL, "redis": REDIS, "dns": DNS, "outside": OUTSIDE, "the cluster": THE_CLUSTER},
    **{"cloud": CLOUD, "door": DOOR, "neighbour": NEIGHBOUR, "stranger": STRANGER},
}
TRIED = (53, 80, 443, 5005, 5055, 5432, 6379, 6443, 8080)


def callers(called: Place, port: int) -> set[str]:
    """Who may call there."""
    return {name for name, caller in PEERS.items() if policies.allowed(POLICIES, caller, called, port)}


def ways(part: str, rules: list[Manifest] = POLICIES) -> set[tuple[str, int]]:
    """All that a part may call, of all that there is."""
    tried = {(name, port) for name in PEERS for port in TRIED} - {("dns", 53)}
    return {(name, port) for name, port in tried if policies.allowed(rules, place(part), PEERS[name], port)}


def test_who_reaches_rasa_and_the_action_server() -> None:
    """C6: only bot reaches Rasa, only Rasa the action server, and only the ingress controller bot; at no other port."""
    reached = {name: callers(place(name), port) for name, port in PORTS.items()}
    assert reached == {"bot": {"door"}, "rasa": {"bot"}, "actions": {"rasa"}}
    others = {(part, port) for part in PARTS for port in TRIED if port != PORTS.get(part)}
    assert not [(part, port) for part, port in others if callers(place(part), port)]


def test_what_rasa_reaches() -> None:
    """C23: Rasa and the action server have no way out: Rasa calls that one, both PostgreSQL and who knows names."""
    assert ways("rasa") == {("actions", 5055), ("postgresql", 5432)}
    assert ways("actions") == {("postgresql", 5432)}
    assert ways("migrate") == {("postgresql", 5432)}
    for part in PARTS:
        assert policies.allowed(POLICIES, place(part), DNS, 53, "UDP")


def test_the_internet_is_there_for_telegram() -> None:
    """Bot and worker reach the internet by HTTPS if residents write on Telegram, and then no private address by it."""
    worker = {("postgresql", 5432), ("redis", 6379)}
    assert ways("worker", WITHOUT_TELEGRAM) == worker
    assert ways("bot", WITHOUT_TELEGRAM) == {*worker, ("rasa", 5005)}
    assert ways("worker") == {*worker, ("outside", 443)}
    assert ways("bot") == {*worker, ("rasa", 5005), ("outside", 443)}


def test_an_update_takes_nothing_away() -> None:
    """As many as are wanted; a new one is ready before an old one goes; a machine is emptied one after the other."""
    more = [one for one in charts.yaml.safe_load_all(charts.render(charts.values(replicas={"bot": 5}))) if one]
    assert kind("Deployment", more)["bot"]["spec"]["replicas"] == 5
    for part, deployment in kind("Deployment").items():
        spec = deployment["spec"]
        assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
        marks = spec["selector"]["matchLabels"]
        assert marks.items() <= spec["template"]["metadata"]["labels"].items()
        budget = kind("PodDisruptionBudget")[part]["spec"]
        assert (budget["maxUnavailable"], budget["selector"]["matchLabels"]) == (1, marks)
        # Five seconds during which it is still called, and the ten in which each process ends.
        assert pod(part)["terminationGracePeriodSeconds"] >= 15
        assert ("lifecycle" in container(part)) == (part in PORTS)
        (spread,) = pod(part)["topologySpreadConstraints"]
        assert spread["labelSelector"]["matchLabels"] == marks


def test_the_tables_come_first() -> None:
    """What makes the tables runs before anything is installed or updated, and is what Compose runs."""
    job = WORKLOADS["migrate"]
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert pod("migrate")["restartPolicy"] == "Never"


@each
def test_a_part_is_what_it_is_under_compose(part: str) -> None:
    """The same command, the same bounds, the same look from inside whether it can do its work; and whether it lives."""
    other, this = FILE[part], container(part)
    assert this.get("args") == other.get("command")
    limits = other["deploy"]["resources"]["limits"]
    cores = {"500m": "0.5"}.get(this["resources"]["limits"]["cpu"], this["resources"]["limits"]["cpu"])
    assert (cores, this["resources"]["limits"]["memory"].removesuffix("i")) == (limits["cpus"], limits["memory"])
    if part == "migrate":
        return
    ready = this["readinessProbe"]
    assert ready["exec"]["command"] == other["healthcheck"]["test"][1:]
    assert f"{ready['periodSeconds']}s" == other["healthcheck"]["interval"]
    alive = [word.replace("/readyz", "/healthz") for word in ready["exec"]["command"]]
    assert this["livenessProbe"]["exec"]["command"] == this["startupProbe"]["exec"]["command"] == alive
    patience = this["startupProbe"]["periodSeconds"] * this["startupProbe"]["failureThreshold"]
    assert patience >= int(other["healthcheck"]["start_period"].removesuffix("s"))


@each
def test_settings_are_those_of_compose(part: str) -> None:
    """Each setting is one that the code reads, and the same as under Compose; Kubernetes adds none of its own."""
    given, other = environ(part), dict(FILE[part]["environment"])
    if other.pop("REDIS_URL", None):  # here it may hold a password
        other["REDIS_URL_FILE"] = "/run/secrets/redis_url"
    for name in ("RASA_URL", "ACTIONS_URL"):
        if name in other:
            other[name] = other[name].replace("//", f"//{charts.RELEASE}-")
    assert given == other
    assert set(given) <= settings() | {f"{name}_FILE" for name in secret_files.SECRETS}
    assert pod(part)["enableServiceLinks"] is False


def test_names_lead_to_the_parts() -> None:
    """Where bot looks for Rasa, Rasa for the action server, and where the ingress leads, is a service of that pod."""
    services = kind("Service")
    for name, port in PORTS.items():
        marks = services[name]["spec"]["selector"]
        assert [part for part in PARTS if marks.items() <= place(part).labels.items()] == [name]
        assert services[name]["spec"]["ports"][0]["port"] == port == container(name)["ports"][0]["containerPort"]
    (rule,) = kind("Ingress")["bot"]["spec"]["rules"]
    assert rule["http"]["paths"][0]["backend"]["service"]["name"] == f"{charts.RELEASE}-bot"
    assert kind("Ingress")["bot"]["spec"]["tls"] == [{"hosts": [rule["host"]], "secretName": "mitsprache-tls"}]


@each
def test_secrets_come_as_files(part: str) -> None:
    """C25: no secret stands in an environment or a manifest; a part gets the files that it names, and no other."""
    assert not {*secret_files.SECRETS} & set(environ(part))
    assert "envFrom" not in container(part)
    assert {*map(tuple, container(part)["env"])} == {("name", "value")}
    named = {value.removeprefix("/run/secrets/") for value in environ(part).values() if "/run/secrets/" in value}
    volumes = {one["name"]: one for one in pod(part)["volumes"]}
    assert {one["path"] for one in volumes["given"]["secret"]["items"]} == named
    assert volumes["secrets"]["emptyDir"]["medium"] == volumes["tmp"]["emptyDir"]["medium"] == "Memory"
    assert "Secret" not in {one["kind"] for one in ALL}
    assert "given" not in {one["name"] for one in container(part)["volumeMounts"]}


def test_the_files_of_secrets_are_accepted(tmp_path: Path) -> None:
    """C25: a secret as Kubernetes lays it out for a group is refused; what the first container makes of it is not."""
    given, here = tmp_path / "given", tmp_path / "secrets"
    (given / "..data").mkdir(parents=True)
    here.mkdir()
    for name in ("pseudonym_key", "database_url"):
        (given / "..data" / name).write_text(f"{name.ljust(64, 'x')}\n")
        # 0400 as asked for, and what Kubernetes adds for fsGroup.
        (given / "..data" / name).chmod(0o440)
        (given / name).symlink_to(Path("..data") / name)

    def loaded(folder: Path) -> config.Config:
        return config.load(
            {"SECRET_FILE": str(folder / "pseudonym_key"), "DATABASE_URL_FILE": str(folder / "database_url")}
        )

    with pytest.raises(Misconfigured):
        loaded(given)
    (first,) = pod("migrate")["initContainers"]
    *shell, script = first["command"]
    subprocess.run([*shell, script.replace("/run/given", str(given)).replace("/run/secrets", str(here))], check=True)
    assert loaded(here).database_url == "database_url".ljust(64, "x")
    assert secret_files.unfold({"DATABASE_URL_FILE": str(here / "database_url")})["DATABASE_URL"]
    assert {file.stat().st_mode & 0o777 for file in here.iterdir()} == {0o400}
    assert {file.stat().st_uid for file in here.iterdir()} == {os.geteuid()}


def test_the_journal_is_not_the_charts() -> None:
    """D7: all who write in the deletion journal share one claim, which no installation makes or takes away."""
    writing = {part for part in PARTS if FILE[part].get("volumes")}
    assert writing == {"bot", "worker", "actions", "migrate"}
    for part in PARTS:
        claims = [one["persistentVolumeClaim"] for one in pod(part)["volumes"] if "persistentVolumeClaim" in one]
        assert claims == [{"claimName": "mitsprache-journal"}] * (part in writing)
        assert ("/data" in {one["mountPath"] for one in container(part)["volumeMounts"]}) == (part in writing)
    assert "PersistentVolumeClaim" not in {one["kind"] for one in ALL}
