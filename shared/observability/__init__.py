"""What operators see: logs, metrics, traces and health."""

from __future__ import annotations

from shared.observability.logs import configure_logging
from shared.observability.tracing import bind_traceparent, current_traceparent

__all__ = ["bind_traceparent", "configure_logging", "current_traceparent"]
