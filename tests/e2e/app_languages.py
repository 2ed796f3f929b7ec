"""The table's apps by language: laid out as such apps are, each with one old package that must be seen.

What a compiler or a package manager would put into the image is committed: none of them is here.
"""

from __future__ import annotations

import json

from tests.e2e.app_repositories import BASES, Row
from tests.tools.program_files import ARTIFACT, MANIFEST, OLD, archive, coordinates, go_program, rust_program

SITE = "usr/local/lib/python3.14/site-packages"
_POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>org.example</groupId><artifactId>shop</artifactId><version>1.0.0</version>
  <dependencies><dependency>
    <groupId>org.apache.logging.log4j</groupId><artifactId>{ARTIFACT}</artifactId><version>{OLD}</version>
  </dependency></dependencies>
</project>
"""
# As Spring Boot packs a program. An inventory lists only archives that have a manifest, as every jar of Maven has.
_LIBRARY = archive({"META-INF/MANIFEST.MF": MANIFEST, **coordinates()})
_PROGRAM = archive(
    {
        "META-INF/MANIFEST.MF": "Manifest-Version: 1.0\r\nStart-Class: Shop\r\n",
        "BOOT-INF/classes/Shop.class": b"\xca\xfe\xba\xbe",
        f"BOOT-INF/lib/{ARTIFACT}-{OLD}.jar": _LIBRARY,
    }
)
_JAVA = f"""FROM {BASES}/eclipse-temurin:21-jdk AS build
WORKDIR /src
COPY pom.xml ./
COPY src src
COPY target/shop.jar /out/shop.jar
FROM {BASES}/eclipse-temurin:21-jre
COPY --from=build /out/shop.jar /app/shop.jar
USER 65534
ENTRYPOINT ["java", "-jar", "/app/shop.jar"]
"""
_GO = f"""FROM {BASES}/golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
COPY . .
FROM {BASES}/distroless/static:nonroot
COPY --from=build --chmod=755 /src/bin/server /server
ENTRYPOINT ["/server"]
"""
_RUST = f"""FROM {BASES}/rust:1.90 AS build
COPY . /src
FROM {BASES}/debian:bookworm-slim
COPY --from=build --chmod=755 /src/target/release/worker /usr/local/bin/worker
CMD ["worker"]
"""
_CARGO_LOCK = """version = 4

[[package]]
name = "regex"
version = "1.5.4"
source = "registry+https://github.com/rust-lang/crates.io-index"

[[package]]
name = "worker"
version = "1.0.0"
dependencies = ["regex"]
"""
_NODE = f"""FROM {BASES}/node:22-alpine AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
COPY node_modules node_modules
FROM {BASES}/node:22-alpine
WORKDIR /app
ENV NODE_ENV=production
COPY --from=dependencies /app/node_modules ./node_modules
COPY index.js ./
USER node:node
CMD ["node", "index.js"]
"""
_PACKAGE = {"name": "web", "version": "1.0.0", "dependencies": {"lodash": "4.17.20"}}
_LODASH = {"name": "lodash", "version": "4.17.20", "license": "MIT"}
_PYTHON = f"""FROM {BASES}/python:3.14-slim AS build
COPY pyproject.toml poetry.lock /src/
COPY wheels/ /usr/local/lib/python3.14/site-packages/
FROM {BASES}/python:3.14-slim
COPY --from=build /{SITE} /{SITE}
COPY shop /app/shop
ENV PYTHONUNBUFFERED=1
WORKDIR /app
CMD ["python", "-m", "shop"]
"""
_POETRY_LOCK = """[[package]]
name = "jinja2"
version = "2.10"
files = []

[metadata]
lock-version = "2.1"
python-versions = "^3.14"
"""
_PHP = f"""FROM {BASES}/composer:2 AS vendor
COPY composer.json composer.lock /app/
COPY vendor /app/vendor
FROM {BASES}/php:8.4-apache
COPY --from=vendor /app/vendor /var/www/vendor
COPY public/ /var/www/html/
"""
_MAILER = {"name": "phpmailer/phpmailer", "version": "v5.2.17", "type": "library"}
_DOTNET = f"""FROM {BASES}/dotnet/sdk:10.0 AS build
WORKDIR /src
COPY Api.csproj packages.lock.json ./
COPY publish/ /out/
FROM {BASES}/dotnet/aspnet:10.0
WORKDIR /app
COPY --from=build /out .
ENTRYPOINT ["dotnet", "Api.dll"]
"""
_DEPS = {
    "runtimeTarget": {"name": "net10.0"},
    "targets": {
        "net10.0": {
            "Api/1.0.0": {"dependencies": {"Newtonsoft.Json": "12.0.3"}, "runtime": {"Api.dll": {}}},
            "Newtonsoft.Json/12.0.3": {"runtime": {"lib/netstandard2.0/Newtonsoft.Json.dll": {}}},
        }
    },
    "libraries": {
        "Api/1.0.0": {"type": "project", "serviceable": False, "sha512": ""},
        "Newtonsoft.Json/12.0.3": {
            "type": "package",
            "serviceable": True,
            "sha512": "",
            "path": "newtonsoft.json/12.0.3",
        },
    },
}
_STATIC = f"""FROM {BASES}/nginx:1.29
COPY nginx.conf /etc/nginx/nginx.conf
COPY public/ /usr/share/nginx/html/
"""
_RUBY = f"""FROM {BASES}/ruby:3.4-slim
WORKDIR /app
COPY Gemfile Gemfile.lock config.ru ./
COPY bundle/ /usr/local/bundle/
CMD ["bundle", "exec", "rackup", "--host", "0.0.0.0"]
"""
_GEMFILE_LOCK = """GEM
  remote: https://rubygems.org/
  specs:
    rack (1.6.0)

DEPENDENCIES
  rack (= 1.6.0)
"""
_GEM = 'Gem::Specification.new do |s|\n  s.name = "rack"\n  s.version = "1.6.0"\n  s.licenses = ["MIT"]\nend\n'

ROWS = {
    "java-shop": Row(
        {
            "Dockerfile": _JAVA, "pom.xml": _POM, "src/main/java/Shop.java": "class Shop {}\n",
            "target/shop.jar": _PROGRAM, ".gitignore": "target/*\n!target/shop.jar\n",
        },
        holds=("log4j-core",), finding="CVE-2021-44228",
    ),
    "go-server": Row(
        {
            "Dockerfile": _GO, "go.sum": "",
            "go.mod": "module example.org/app\n\ngo 1.26\n\nrequire github.com/gogo/protobuf v1.3.1\n",
            "main.go": "package main\n\nfunc main() {}\n",
            "bin/server": go_program("github.com/gogo/protobuf", "v1.3.1"),
        },
        holds=("github.com/gogo/protobuf",), finding="CVE-2021-3121",
    ),
    "rust-worker": Row(
        {
            "Dockerfile": _RUST, "Cargo.lock": _CARGO_LOCK,
            "Cargo.toml": '[package]\nname = "worker"\nversion = "1.0.0"\n',
            "src/main.rs": "fn main() {}\n", "target/release/worker": rust_program("regex", "1.5.4"),
        },
        holds=("regex",), finding="CVE-2022-24713",
    ),
    "node-web": Row(
        {
            "Dockerfile": _NODE, "package.json": json.dumps(_PACKAGE), "index.js": "require('lodash')\n",
            "package-lock.json": json.dumps({
                "name": "web", "lockfileVersion": 3, "packages": {"": _PACKAGE, "node_modules/lodash": _LODASH},
            }),
            "node_modules/lodash/package.json": json.dumps(_LODASH), ".dockerignore": ".git\n.github\n",
        },
        holds=("lodash",), finding="CVE-2021-23337",
    ),
    "python-api": Row(
        {
            "Dockerfile": _PYTHON, "poetry.lock": _POETRY_LOCK, "shop/__main__.py": "import jinja2\n",
            "pyproject.toml": '[project]\nname = "shop"\nversion = "1.0.0"\ndependencies = ["jinja2==2.10"]\n',
            "wheels/jinja2-2.10.dist-info/METADATA": "Metadata-Version: 2.1\nName: Jinja2\nVersion: 2.10\n",
            "wheels/jinja2-2.10.dist-info/RECORD": "",
        },
        holds=("jinja2",), finding="CVE-2019-10906",
    ),
    "php-blog": Row(
        {
            "Dockerfile": _PHP, "composer.json": json.dumps({"require": {"phpmailer/phpmailer": "5.2.17"}}),
            "composer.lock": json.dumps({"packages": [_MAILER], "packages-dev": []}),
            "vendor/composer/installed.json": json.dumps({"packages": [_MAILER]}), "public/index.php": "<?php\n",
        },
        holds=("phpmailer/phpmailer",), finding="CVE-2016-10033",
    ),
    "dotnet-api": Row(
        {
            "Dockerfile": _DOTNET, "Api.csproj": '<Project Sdk="Microsoft.NET.Sdk.Web"></Project>\n',
            "packages.lock.json": json.dumps({
                "version": 1,
                "dependencies": {"net10.0": {"Newtonsoft.Json": {"type": "Direct", "resolved": "12.0.3"}}},
            }),
            "publish/Api.deps.json": json.dumps(_DEPS), "publish/Api.dll": b"MZ",
        },
        holds=("Newtonsoft.Json",), finding="CVE-2024-21907",
    ),
    # Of middle severity: it is shown, and stops no release, not even to prod.
    "ruby-site": Row(
        {
            "Dockerfile": _RUBY, "Gemfile": 'source "https://rubygems.org"\ngem "rack", "1.6.0"\n',
            "Gemfile.lock": _GEMFILE_LOCK,
            "bundle/specifications/rack-1.6.0.gemspec": _GEM, "config.ru": "run ->(_) { [200, {}, []] }\n",
            ".dockerignore": ".git\n.github\n",
        },
        holds=("rack",), finding="CVE-2019-16782", environment="prod",
    ),
    "static-page": Row(
        {
            "Dockerfile": _STATIC,
            "nginx.conf": "events {}\n", "public/index.html": "<h1>Hello</h1>\n",
            "public/logo.png": b"\x89PNG\r\n\x1a\n\0",
        },
        holds=("base-files",), environment="prod",
    ),
}  # fmt: skip
