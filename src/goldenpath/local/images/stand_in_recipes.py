"""The recipes of the stand-in base images: their packages, files and settings.

Source of the conventions: the Dockerfiles of docker-library/python and docker-library/wordpress.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from goldenpath.local.images.root_layout import RootImageConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

_PATH = "PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"

_ENTRYPOINT = """\
#!/bin/sh
# Puts WordPress into the (possibly mounted) web root on first start, then runs the command.
set -eu
if [ "${1:-}" = apache2-foreground ] && [ ! -e /var/www/html/index.php ]; then
    cp -a /usr/src/wordpress/. /var/www/html/
fi
exec "$@"
"""

_FOREGROUND = """\
#!/bin/sh
exec php -S 0.0.0.0:80 -t /var/www/html
"""

_PAGE = """\
<?php echo "This image was built on a stand-in for WordPress.\\n";
"""


@dataclass(frozen=True)
class Recipe:
    """A stand-in: the image that it replaces, its packages, and files to add (paths relative to the root).

    `files` maps a path to its text, `links` a path to what it points to.
    """

    name: str
    stands_for: str
    packages: tuple[str, ...]
    cmd: tuple[str, ...]
    entrypoint: tuple[str, ...] = ()
    working_dir: str = "/"
    files: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)

    def config(self, architecture: str) -> RootImageConfig:
        """Return the image configuration; its label says that the image is a stand-in."""
        labels = {"goldenpath.idp/stands-in-for": self.stands_for}
        env = (_PATH, "LANG=C.UTF-8")
        return RootImageConfig(architecture, env, self.cmd, self.entrypoint, self.working_dir, labels)


PYTHON = Recipe(
    name="python",
    stands_for="docker.io/library/python",
    packages=("ca-certificates", "python3", "python3-pip", "python3-venv"),
    cmd=("python3",),
    links={
        "usr/local/bin/python": "/usr/bin/python3",
        "usr/local/bin/python3": "/usr/bin/python3",
        "usr/local/bin/pip": "/usr/bin/pip3",
        "usr/local/bin/pip3": "/usr/bin/pip3",
    },
)

WORDPRESS = Recipe(
    name="wordpress",
    stands_for="docker.io/library/wordpress",
    packages=("ca-certificates", "php-cli"),
    cmd=("apache2-foreground",),
    entrypoint=("docker-entrypoint.sh",),
    working_dir="/var/www/html",
    files={
        "usr/local/bin/docker-entrypoint.sh": _ENTRYPOINT,
        "usr/local/bin/apache2-foreground": _FOREGROUND,
        "usr/src/wordpress/index.php": _PAGE,
        "usr/src/wordpress/wp-content/themes/index.php": "<?php\n",
        "usr/src/wordpress/wp-content/plugins/index.php": "<?php\n",
        "var/www/html/.keep": "",
    },
)

RECIPES = {recipe.stands_for: recipe for recipe in (PYTHON, WORDPRESS)}
