# farkas as a container: CPU only, not root, works with a read-only root file system.
# docs/container.md says how to build and run it.

ARG PYTHON_VERSION=3.11

FROM python:${PYTHON_VERSION}-slim AS builder

# Where the CPU build of torch comes from; everything else comes from pip's own index.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu

ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1

WORKDIR /build

# The environment holds no pip of its own: the base image's installs into it.
RUN python -m venv --without-pip /opt/farkas

COPY pyproject.toml constraints.txt ./

# What changes seldom comes first, so that a change of farkas's own code rebuilds its last layer only.
RUN pip --python /opt/farkas/bin/python install --no-deps --index-url "$TORCH_INDEX" -c constraints.txt torch
RUN python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" > requirements.txt \
    && pip --python /opt/farkas/bin/python install -c constraints.txt -r requirements.txt

COPY README.md LICENSE ./
COPY runtime runtime
COPY graphs graphs
COPY solvers solvers
COPY training training
COPY service service

RUN pip --python /opt/farkas/bin/python install --no-deps .


FROM python:${PYTHON_VERSION}-slim

ARG REVISION=unknown

LABEL org.opencontainers.image.title="farkas" \
      org.opencontainers.image.description="Learned optimisation you can trust: predicts LP and MILP outcomes, and every answer is checked." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="MIT"

RUN groupadd --gid 10001 farkas \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/farkas --shell /usr/sbin/nologin farkas \
    && install -d -o 10001 -g 10001 /var/lib/farkas /var/lib/farkas/models /data

COPY --from=builder /opt/farkas /opt/farkas

# Models of one's own go to the volume, everything else that is written to /tmp; no bytecode is written at all.
# The server listens on every address of the container: what reaches it, -p decides.
ENV PATH=/opt/farkas/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    FARKAS_HOST=0.0.0.0 \
    FARKAS_MODELS=/var/lib/farkas/models \
    XDG_CACHE_HOME=/tmp/cache \
    MPLCONFIGDIR=/tmp/matplotlib

VOLUME ["/var/lib/farkas"]
WORKDIR /data
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM

HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.build_opener(r.ProxyHandler({})).open('http://127.0.0.1:' + os.environ.get('FARKAS_PORT', '8000') + '/health/ready', timeout=4)"]

ENTRYPOINT ["farkas"]
CMD ["serve"]
