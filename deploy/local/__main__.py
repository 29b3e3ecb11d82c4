"""`python -m deploy.local <plan.json>`: be the supervisor. `dossier run` turns into this."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from deploy.local.console import Console
from deploy.local.plan import StackPlan
from deploy.local.supervisor import Supervisor


async def supervise(plan: StackPlan) -> int:
    """Run the plan to its end."""
    return await Supervisor(plan, Console()).run()


def main() -> int:
    """Read the plan that the command line names, and run it."""
    plan = StackPlan.from_json(Path(sys.argv[1]).read_text(encoding="utf-8"))
    return asyncio.run(supervise(plan))


if __name__ == "__main__":
    sys.exit(main())
