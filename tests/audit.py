"""Audit the locked dependencies for known vulnerabilities with pip-audit, where its data can be reached.

    python tests/audit.py LOCK

Where it cannot, the lock file is what protects: each file that is installed has one of its hashes. A version
with a vulnerability that has been public for years tells whether the data is there.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

KNOWN = "jinja2==2.4.1"  #: has vulnerabilities that everyone knows


def audit(requirements: Path, *options: str) -> list[dict[str, Any]]:
    """Return what pip-audit says of each dependency, without installing any."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(requirements), "--format", "json"]
    ran = subprocess.run(
        [*command, "--progress-spinner", "off", "--disable-pip", *options],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        found: list[dict[str, Any]] = json.loads(ran.stdout)["dependencies"]
    except (ValueError, KeyError):
        return []
    return found


def is_reached() -> bool:
    """Return whether pip-audit knows of a vulnerability that has been public for years."""
    with tempfile.TemporaryDirectory() as folder:
        (path := Path(folder) / "known.txt").write_text(KNOWN)
        return any(each.get("vulns") for each in audit(path, "--no-deps"))


def main(lock: Path) -> int:
    """Audit the lock file; return 1 for a vulnerability, or for a dependency that could not be audited."""
    if not is_reached():
        sys.stdout.write(
            f"Not audited: the data of pip-audit cannot be reached. {lock} holds a hash for each file.\n"
        )
        return 0
    found = audit(lock, "--require-hashes")
    vulnerable = [each for each in found if each.get("vulns")]
    skipped = [each["name"] for each in found if "skip_reason" in each]
    for each in vulnerable:
        names = ", ".join(one["id"] for one in each["vulns"])
        sys.stdout.write(f"{each['name']} {each['version']}: {names}\n")
    count = f"{len(vulnerable)} vulnerable, {len(skipped)} not audited {skipped}"
    sys.stdout.write(f"Audited {len(found)} dependencies: {count}.\n")
    return int(bool(vulnerable or skipped or not found))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
