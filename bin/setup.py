"""Behind bin/setup: brings .venv into step with the lock. Only the standard library, any Python from 3.11 on."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / ".feedback-bridge-lock"
PINS = ROOT / "requirements" / "dev.txt"
ELSEWHERE = ["VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "PYTHONHOME", "PYTHONPATH"]
ELSEWHERE += ["PIP_TARGET", "PIP_PREFIX", "PIP_USER"]


def main() -> int:
    # Beside .venv, not in it: whoever waits must not hold a file of a folder that the other one replaces.
    with (ROOT / ".venv.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        wanted, found = fingerprint(), STAMP.read_text() if STAMP.is_file() else ""
        if found == wanted and runs():
            return 0
        if found and found.splitlines()[0] != str(ROOT):
            shutil.rmtree(VENV)  # moved or copied here: its scripts still name the other folder
        STAMP.unlink(missing_ok=True)
        uv = shutil.which("uv")
        print(f"bin/setup: installing what the lock lists into .venv, with {'uv' if uv else 'pip'} …", flush=True)
        code = with_uv(uv) if uv else with_pip()
        if code:
            print("bin/setup: the installation failed; see above", file=sys.stderr)
            return code
        STAMP.write_text(wanted)
    return 0


def fingerprint() -> str:
    """Where this is, and a hash that changes when the lock, the exported pins or this script do."""
    digest = hashlib.sha256()
    for path in (ROOT / "uv.lock", PINS, Path(__file__)):
        digest.update(path.read_bytes())
    return f"{ROOT}\n{digest.hexdigest()}\n"


def runs() -> bool:
    """False where there is none, or it is too old, or its Python is gone."""
    return (VENV / "pyvenv.cfg").exists() and works("import sys; sys.exit(sys.version_info < (3, 11))")


def works(code: str) -> bool:
    try:
        return subprocess.run([PYTHON, "-c", code], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def with_uv(uv: str) -> int:
    return run(uv, "sync", "--frozen", "--quiet", "--python", sys.executable)


def with_pip() -> int:
    if not runs():
        venv.EnvBuilder(clear=True, with_pip=True, prompt="feedback-bridge").create(VENV)
    elif not works("import pip") and run(PYTHON, "-m", "ensurepip"):  # uv makes environments without pip
        return 1
    pip = (PYTHON, "-m", "pip", "-qq", "--disable-pip-version-check")
    return run(*pip, "install", "--require-hashes", "--no-deps", "-r", PINS)


def run(*command: str | Path) -> int:
    """Without the variables that would send the packages to another environment, and without a constraints file of
    the machine's (PIP_CONSTRAINT wins over pip's configuration): only the lock decides what is installed."""
    kept = {name: value for name, value in os.environ.items() if name not in ELSEWHERE}
    return subprocess.run(command, cwd=ROOT, check=False, env={**kept, "PIP_CONSTRAINT": os.devnull}).returncode


if __name__ == "__main__":
    sys.exit(main())
