# bot, worker, actions and the operator's commands: one image, told apart by their command in docker-compose.yml.
ARG PYTHON=python:3.11.13-slim-bookworm

FROM ${PYTHON} AS built
WORKDIR /app
RUN python -m venv .venv
COPY deploy/requirements.lock deploy/requirements.lock
# With bytecode: the file system of a running container can't be written to.
RUN .venv/bin/pip install --no-cache-dir --compile --require-hashes -r deploy/requirements.lock
COPY actions actions
COPY bot bot
COPY cities cities
COPY dialogue dialogue
COPY staff staff
COPY store store
COPY translations translations
COPY deploy/healthy.py deploy/healthy.py
RUN .venv/bin/python -m translations.catalogs compile && .venv/bin/python -m compileall -q actions bot dialogue staff store translations

FROM ${PYTHON}
# pg_dump and pg_restore, of the server's version or newer, for backups.
RUN apt-get update \
    && apt-get install -y --no-install-recommends postgresql-client=15+248+deb12u1 \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=built /app /app
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 DATA_DIR=/data LOG_FORMAT=json
USER 10001:10001
CMD ["python", "-m", "bot"]
