"""From events to the read model: one function per state, the same for the topic and for a command's own answer."""

from services.gateway.projections.projector import Projector
from services.gateway.projections.versions import Versions

__all__ = ["Projector", "Versions"]
