"""Entry: `python -m deploy.setup [run|test]`. Even a Python too old for the rest can read this file."""

import sys

OLDEST = (3, 11)

if sys.version_info < OLDEST:
    sys.stderr.write(
        "Dossier needs Python 3.11 or newer, and this is Python %d.%d (%s): install a newer one, "
        "or name it with 'make PYTHON=/path/to/python3.12 ...'.\n"
        % (sys.version_info[0], sys.version_info[1], sys.executable)
    )
    sys.exit(1)

from deploy.setup.prepare import main  # noqa: E402 - only a Python that is new enough may read further

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
