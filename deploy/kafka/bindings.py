"""Our permissions as the admin client's own classes, and back."""

from __future__ import annotations

from typing import Any, Final

from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)

from deploy.kafka.acls import Acl

_RESOURCES: Final = {"topic": ResourceType.TOPIC, "group": ResourceType.GROUP, "cluster": ResourceType.BROKER}
_NAMES: Final = {kind: name for name, kind in _RESOURCES.items()}


def columns_of(acl: Acl) -> tuple[Any, ...]:
    """Give the arguments of the client's class, and of its filter that finds exactly this permission."""
    return (
        _RESOURCES[acl.resource],
        acl.name,
        ResourcePatternType[acl.pattern.upper()],
        acl.principal,
        acl.host,
        AclOperation[acl.operation.upper()],
        AclPermissionType[acl.permission.upper()],
    )


def acl_of(binding: Any) -> Acl:
    """Read the client's class."""
    return Acl(
        binding.principal,
        _NAMES.get(binding.restype) or binding.restype.name.lower(),
        binding.name,
        binding.operation.name.lower(),
        binding.resource_pattern_type.name.lower(),
        binding.permission_type.name.lower(),
        binding.host,
    )


def everything() -> AclBindingFilter:
    """Find every permission of everybody."""
    anything: Any = None
    return AclBindingFilter(
        ResourceType.ANY,
        anything,
        ResourcePatternType.ANY,
        anything,
        anything,
        AclOperation.ANY,
        AclPermissionType.ANY,
    )


def nothing() -> AclBindingFilter:
    """Find no permission at all: that of nobody to do what no topic can have done to it."""
    return AclBindingFilter(
        ResourceType.TOPIC,
        "no-such-topic",
        ResourcePatternType.LITERAL,
        "User:nobody",
        "127.0.0.1",
        AclOperation.CLUSTER_ACTION,
        AclPermissionType.ALLOW,
    )
