"""`python -m demo.with_engines COMMAND …`: run a command beside throw-away engines; its exit code is ours.

The command sees safe production settings where the environment is silent. Never touches a running demo.
"""

import os
import secrets
import subprocess
import sys

from demo.engines import EngineError
from demo.throwaway import engines

# Said, so that the `.local/env` of a demo that runs beside has no say.
SAFE = {"DEBUG": "0", "INSECURE_HTTP": "0", "LOCALCLOUD": "0", "CA_FILE": ""}


def main(command: list[str]) -> int:
    defaults = {"SECRET_KEY": secrets.token_urlsafe(50), "ALLOWED_HOSTS": "antipode.example", **SAFE}
    try:
        with engines() as urls:
            return subprocess.run(command, env={**defaults, **os.environ, **urls}, check=False).returncode
    except EngineError as error:
        sys.stderr.write(f"engines: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
