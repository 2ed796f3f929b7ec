# Every stage of the pipeline outside GitHub:
#   docker build --tag goldenpath .
#   docker run --rm --volume "$PWD:/src" goldenpath gitleaks-gate --environment dev
# `build` needs a BuildKit: --env GOLDENPATH_BUILDKIT=tcp://…, or a Docker Engine that runs one: --env DOCKER_HOST=tcp://….
# Programs that were installed before are taken from a build context, where no release can be downloaded:
#   docker build --build-context tools="$HOME/.cache/goldenpath/tools" .

# Empty, unless a build context of this name is given; what comes from it is checked against its recorded hash.
FROM scratch AS tools

FROM docker.io/library/python:3.14.8-slim-trixie@sha256:f85c5697265c178cc6887276c55fe16cf3d14ca35c3df6a5eab3b360534a55d2 AS base
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates git \
    && rm -rf /var/lib/apt/lists/* /var/cache/* /var/log/* \
    && useradd --uid 10001 --create-home --shell /usr/sbin/nologin goldenpath \
    && install -d -o 10001 -g 10001 /home/goldenpath/.cache /home/goldenpath/.cache/trivy
ENV GOLDENPATH_CACHE=/opt/goldenpath/cache \
    PATH=/opt/goldenpath/bin:/usr/local/bin:/usr/bin:/bin

FROM base AS installed
COPY locks /opt/goldenpath/locks
COPY bin /opt/goldenpath/bin
# A network that inspects TLS needs its own certificate; as a secret it stays out of the image.
RUN --mount=type=secret,id=ca,target=/run/ca.crt,required=false \
    if [ -s /run/ca.crt ]; then export PIP_CERT=/run/ca.crt; fi; \
    PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore python3 -I /opt/goldenpath/bin/environment runtime
COPY src /opt/goldenpath/src
RUN --mount=type=bind,from=tools,target=/given \
    --mount=type=secret,id=ca,target=/run/ca.crt,required=false \
    if [ -s /run/ca.crt ]; then export SSL_CERT_FILE=/run/ca.crt; fi; \
    mkdir -p "$GOLDENPATH_CACHE/tools" \
    && for name in gitleaks trivy syft buildx; do \
        find /given -maxdepth 1 -name "$name-[0-9]*" -exec cp -R {} "$GOLDENPATH_CACHE/tools/" ';' || exit 1; \
    done \
    && goldenpath tools install \
    && "$(python3 -I /opt/goldenpath/bin/environment runtime)" -m compileall -q /opt/goldenpath/src "$GOLDENPATH_CACHE/env" \
    && chmod -R a+rX,go-w /opt/goldenpath

FROM base
COPY --from=installed /opt/goldenpath /opt/goldenpath
COPY docs/templates /opt/goldenpath/docs/templates
COPY .github/workflows/_build-and-release.yml .github/workflows/_notify.yml /opt/goldenpath/.github/workflows/
# trivy's database is fetched when it is needed; mount a volume there to keep it.
ENV GOLDENPATH_TRIVY_CACHE=/home/goldenpath/.cache/trivy \
    BUILDX_CONFIG=/home/goldenpath/.cache/buildx
USER 10001:10001
WORKDIR /src
ENTRYPOINT ["goldenpath"]
CMD ["--help"]
