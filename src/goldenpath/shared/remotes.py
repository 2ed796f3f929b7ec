"""Return the web address of a git remote, where it is certain: an image names it as its source."""

from __future__ import annotations

import re

from goldenpath.shared import process
from goldenpath.shared.errors import ToolFailed, ToolMissing, ToolTimeout

_TIMEOUT = 5.0
_HTTPS = re.compile(r"https://(?:.*@)?(?P<host>[\w.-]+(?::\d+)?)/(?P<path>[^\s?#]+)", re.ASCII)
# git-clone(1), "Git URLs": `ssh://user@host:port/path`, and `user@host:path` as scp has it. Which user it is says
# nothing about the page. A path from the root of the server's disk, or of a user's folder there, is no page.
_SSH = re.compile(r"ssh://(?:[^/@]*@)?(?P<host>[\w.-]+)(?::\d+)?/(?P<path>[^~/\s?#][^\s?#]*)", re.ASCII)
_SCP = re.compile(r"[\w.+-]+@(?P<host>[\w.-]+):(?P<path>[^~/\s?#:][^\s?#:]*)", re.ASCII)
# A name of the internet; `github.com-work` and `work` are names of an ssh configuration.
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]+)", re.IGNORECASE)
# Hosts that speak ssh on port 443, and the pages of their repositories (GitHub, "Using SSH over the HTTPS port").
_PAGES = {"ssh.github.com": "github.com", "altssh.gitlab.com": "gitlab.com", "altssh.bitbucket.org": "bitbucket.org"}
_NO_PAGES = re.compile(r"(?:ssh|altssh|vs-ssh)\.", re.IGNORECASE)


def web_address(remote: str) -> str:
    """Return the https address of a git `remote` written as https, ssh or `user@host:path`, without credentials.

    It is empty for any other, and where the host may be an alias that ssh does not resolve.
    """
    if match := _HTTPS.fullmatch(remote):
        host = match["host"]
    elif match := _SSH.fullmatch(remote) or _SCP.fullmatch(remote):
        host = _page_host(match["host"])
    path = match["path"].removesuffix(".git").rstrip("/") if match else ""
    return f"https://{host}/{path}" if match and host and path else ""


def _page_host(host: str) -> str:
    """Return the host of the web pages of the ssh `host`; empty where that is not certain."""
    there = _resolved(host)
    there = _PAGES.get(there.lower(), there)
    return there if _DOMAIN.fullmatch(there) and not _NO_PAGES.match(there) else ""


def _resolved(alias: str) -> str:
    """Return the host that ssh connects to for `alias`. Source: ssh(1), `-G`; nothing is connected to."""
    if not alias[0].isalnum():
        return ""
    try:
        done = process.run("ssh", "-G", alias, timeout=_TIMEOUT, accept=(0, 255))
    except ToolMissing:  # without ssh there are no aliases
        return alias
    except (ToolFailed, ToolTimeout):
        return ""
    match = re.search(r"^hostname (\S+)$", done.stdout.decode("utf-8", "replace"), re.MULTILINE)
    return match[1] if match else alias
