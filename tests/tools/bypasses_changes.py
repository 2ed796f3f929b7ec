"""Ways to get a secret past gitleaks-gate by several commits, none of which shows it alone, and that are gone again."""

from __future__ import annotations

import gzip
import secrets
from collections.abc import Callable

from tests.tools import apps
from tests.tools.bypass import Place, line, row

_LONG = "just a line of text\n" * 1000


def steps(name: str, told: str, path: str, *make: Callable[[str], str | bytes]) -> None:
    """Enter a row for a file that holds, commit by commit, what is made of one secret, and is then removed."""

    def make_all(place: Place) -> None:
        secret = apps.random_text(40)
        for each in make:
            place.app.write(path, each(secret)).save("A step")
        (place.app.folder / path).unlink()
        place.app.save("Take it out")

    make_all.__name__ = name
    row(f"{told} in {path}")(make_all)


def key(*lines: str) -> str:
    """Return a file with these lines far behind the beginning of a private key."""
    return "\n".join(("-----BEGIN RSA PRIVATE KEY-----", *lines)) + "\n" + _LONG


steps(
    "a word and its secret in the next line by another commit", "generic-api-key", "settings.ini",
    lambda _: f"{_LONG}api_key =\n\n\n{_LONG}",
    lambda secret: f"{_LONG}api_key =\n\n\n{secret}\n{_LONG}",
)  # fmt: skip
steps(
    "a sign between two lines by another commit", "generic-api-key", "settings.ini",
    lambda secret: f"{_LONG}client_secret\n  {secret}\n{_LONG}",
    lambda secret: f"{_LONG}client_secret\n=\n  {secret}\n{_LONG}",
)  # fmt: skip
steps(
    "what stood between two lines is taken out", "generic-api-key", "settings.ini",
    lambda secret: f"{_LONG}token:\nnothing here;\n{secret}\n{_LONG}",
    lambda secret: f"{_LONG}token:\n{secret}\n{_LONG}",
)  # fmt: skip
steps(
    "a private key line by line", "private-key", "notes.txt",
    lambda _: key(),
    lambda secret: key(*[secret] * 10),
    lambda secret: key(*[secret] * 20),
    lambda secret: key(*[secret] * 20, "-----END RSA PRIVATE KEY-----"),
)  # fmt: skip
steps(
    "curl and its user by several commits", "curl-auth-user", "run.sh",
    lambda _: "curl \\\n  --silent \\\n  --fail \\\n  https://example.com\n" + _LONG,
    lambda secret: f'curl \\\n  --silent \\\n  --fail \\\n  -u "admin:{secret}" \\\n  https://example.com\n' + _LONG,
)  # fmt: skip
steps(
    "a secret of Kubernetes whose kind comes last", "kubernetes-secret-yaml", "k8s/db.yaml",
    lambda secret: f"apiVersion: v1\nkind: ConfigMap\ndata:\n  password: {secret}\n",
    lambda secret: f"apiVersion: v1\nkind: Secret\ndata:\n  password: {secret}\n",
)  # fmt: skip
steps(
    "an archive behind a long text", "github-pat", "install.sh",
    lambda _: _LONG,
    lambda _: _LONG.encode() + gzip.compress(line().encode() * 9),
)  # fmt: skip
steps(
    "a secret among zeros", "generic-api-key", "program.bin",
    lambda _: bytes(range(256)) * 40,
    lambda secret: bytes(range(256)) * 40 + f"\0api_key={secret}\n\0".encode() + bytes(range(256)) * 40,
)  # fmt: skip
steps("a store of keys", "pkcs12-file", "keys/store.p12", lambda secret: b"0\x82" + bytes(9) + secret.encode())


@row("sourcegraph-access-token in notes.txt")
def a_token_whose_word_is_in_another_line(place: Place) -> None:
    place.app.write("notes.txt", "For our Sourcegraph:\n" + _LONG).save("A word")
    place.app.write("notes.txt", f"For our Sourcegraph:\n{_LONG}{secrets.token_hex(20)}\n").save("Its token")
    (place.app.folder / "notes.txt").unlink()
    place.app.save("Take it out")
