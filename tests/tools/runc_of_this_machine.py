#!/usr/bin/python3 -IS
"""runc, for engines of the tests: it leaves out what this machine's root may not do itself.

An engine gives a privileged container every capability that it knows of. Where the tests' own root lacks one, in a
container or a sandbox, runc 1.1 refuses to start at all.
"""

import json
import os
import shutil
import sys
from pathlib import Path

# In the order of the bits (capability.h).
CAPABILITIES = (
    "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
    "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
    "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
    "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
    "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
    "CHECKPOINT_RESTORE",
)  # fmt: skip


def held() -> set[str]:
    """Return the names of the capabilities that this process could have."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    bits = next(int(line.split()[1], 16) for line in lines if line.startswith("CapBnd:"))
    return {f"CAP_{name}" for number, name in enumerate(CAPABILITIES) if bits >> number & 1}


def limit(file: Path, *keys: str) -> None:
    """Leave out of the description of a process, in the JSON `file` below `keys`, what is not held."""
    tree = json.loads(file.read_text(encoding="utf-8"))
    described = tree
    for key in keys:
        described = described[key]
    kinds, here = described.get("capabilities") or {}, held()
    for kind, names in kinds.items():
        kinds[kind] = [name for name in names if name in here]
    file.write_text(json.dumps(tree), encoding="utf-8")


def main(words: list[str]) -> None:
    """Become runc."""
    if "--bundle" in words:
        limit(Path(words[words.index("--bundle") + 1], "config.json"), "process")
    if "--process" in words:
        limit(Path(words[words.index("--process") + 1]))
    runc = shutil.which("runc", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:/usr/bin") or "runc"
    os.execv(runc, ["runc", *words])  # noqa: S606  the words are the engine's own


main(sys.argv[1:])
