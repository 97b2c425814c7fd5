"""The environment of the process, set before ministack is imported, because ministack reads it once, at import.

Lambda handlers inherit it, so it is emptied first: what is ministack's own stays, the operator's secrets do not. A
handler's SDK finds its region by AWS_REGION and its endpoint by GATEWAY_PORT, both set by ministack for each worker.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ")


def prepare(*, port: int, state_dir: Path) -> None:
    """Replace `os.environ`; make the folders that it names."""
    scratch = state_dir / "tmp"
    shutil.rmtree(scratch, ignore_errors=True)  # code of workers that a kill -9 left behind
    scratch.mkdir(parents=True, exist_ok=True)
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    os.environ.clear()
    os.environ.update(kept)
    os.environ.update(
        {
            "TMPDIR": str(scratch),
            # ministack
            "GATEWAY_PORT": str(port),
            "MINISTACK_HOST": "localhost",
            "AUTH": "true",
            "PERSIST_STATE": "1",
            "STATE_DIR": str(state_dir / "snapshot"),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(state_dir / "s3"),
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "LAMBDA_EXECUTOR": "local",
            "LOG_LEVEL": "ERROR",
            # its clean-up of "orphans" would stop containers of other installations
            "DOCKER_HOST": f"unix://{state_dir}/no-docker",
            # SDKs in handlers: nothing of the operator's own profile
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
    )
