"""A page that says hello and tells which release it is: small, but with real dependencies."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING

from flask import Flask, jsonify, render_template

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue


def create_app() -> Flask:
    """Return the application. RELEASE, set when the image is built, is what it says it is."""
    app = Flask(__name__)
    release = os.environ.get("RELEASE", "unreleased")  # noqa: TID251  this app stands alone

    @app.get("/")
    def hello() -> ResponseReturnValue:
        return render_template("hello.html", release=release, python=platform.python_version())

    @app.get("/healthz")
    def healthy() -> ResponseReturnValue:
        return jsonify(status="ok", release=release)

    return app
