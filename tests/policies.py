"""Who may call whom, as NetworkPolicies say: reckoned from the manifests, as a cluster's network would do it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

Labels = dict[str, str]
Policy = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """A pod with its labels and those of its namespace; or, without labels, an address elsewhere."""

    address: str
    labels: Labels = field(default_factory=dict)
    namespace: str = ""


def allowed(policies: Iterable[Policy], caller: Place, called: Place, port: int, protocol: str = "TCP") -> bool:
    """Whether the caller may leave for there, and the called one let it in. Policies are those of one namespace."""
    (home,) = {policy["metadata"].get("namespace", "mitsprache") for policy in policies}

    def open_for(one: Place, other: Place, way: str, peers: str) -> bool:
        mine = [
            policy["spec"]
            for policy in policies
            if one.namespace == home and _chosen(policy["spec"]["podSelector"], one.labels)
            if way.capitalize() in policy["spec"]["policyTypes"]
        ]
        rules = [rule for spec in mine for rule in spec.get(way) or ()]
        return not mine or any(_fits(rule, peers, other, port, protocol, home) for rule in rules)

    return open_for(caller, called, "egress", "to") and open_for(called, caller, "ingress", "from")


def _fits(rule: Policy, peers: str, other: Place, port: int, protocol: str, home: str) -> bool:
    """A rule without ports is one for all of them, and one without peers for everybody."""
    ports = [(one.get("port"), one.get("protocol", "TCP")) for one in rule.get("ports") or ()]
    there = not ports or (port, protocol) in ports
    return there and (not rule.get(peers) or any(_is(peer, other, home) for peer in rule[peers]))


def _is(peer: Policy, other: Place, home: str) -> bool:
    if block := peer.get("ipBlock"):
        address = ip_address(other.address)
        return address in ip_network(block["cidr"]) and not any(
            address in ip_network(one) for one in block.get("except", ())
        )
    # Namespaces are told by the label that each one has of its name.
    spaces = peer.get("namespaceSelector")
    name = {"kubernetes.io/metadata.name": other.namespace}
    near = other.namespace == home if spaces is None else bool(other.namespace) and _chosen(spaces, name)
    return near and _chosen(peer.get("podSelector", {}), other.labels)


def _chosen(selector: Policy, labels: Labels) -> bool:
    assert set(selector) <= {"matchLabels"}, "other ways to choose are not used here"
    return selector.get("matchLabels", {}).items() <= labels.items()
