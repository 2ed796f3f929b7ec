"""Threads that meet a class for the first time, in a process of their own: what is tried here ended in a crash."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

THREADS = """
import sys, threading
import msgspec
from goldenpath.shared import codec

sys.setswitchinterval(1e-6)
CLASSES = '''
class Inner(msgspec.Struct, frozen=True):
    number: int
    text: str = ""

class Outer(msgspec.Struct, frozen=True):
    many: list[Inner]
    one: Inner | None = None
'''
for _ in range(1000):
    names = {"msgspec": msgspec}
    exec(CLASSES, names)
    together = threading.Barrier(4)
    def run(kind, raw):
        together.wait()
        DECODE
    outer, inner = names["Outer"], names["Inner"]
    work = [(outer, b'{"many": [{"number": 1}], "one": {"number": 2}}'), (inner, b'{"number": 1}')] * 2
    threads = [threading.Thread(target=run, args=item) for item in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


def exit_code(decode: str) -> int:
    command = [sys.executable, "-c", THREADS.replace("DECODE", decode)]
    return subprocess.run(command, check=False, env={**os.environ, "PYTHONPATH": "src"}).returncode


@pytest.mark.tools
@pytest.mark.parametrize("decode", ["codec.decode(raw, kind)", "codec.convert(msgspec.json.decode(raw), kind)"])
def test_threads_that_meet_a_class_for_the_first_time_decode_it(decode: str) -> None:
    assert exit_code(decode) == 0
