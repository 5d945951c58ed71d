# The assistant, with its model: trained here, so that it fits the code, and verified at each start.
ARG PYTHON=python:3.10.18-slim-bookworm

FROM ${PYTHON} AS built
WORKDIR /app/rasa_project
RUN python -m venv .venv
COPY rasa_project/requirements.lock requirements.lock
# The lock is whole; Rasa alone would miss the TensorFlow that lean.py does without.
RUN .venv/bin/pip install --no-cache-dir --compile --require-hashes --no-deps -r requirements.lock
COPY rasa_project .
COPY deploy/rasa.sh deploy/model.sh deploy/secret_files.py deploy/supervisor.py deploy/train.py deploy/healthy.py deploy/serve_rasa.sh /app/deploy/
WORKDIR /app
RUN python -m deploy.train && rasa_project/.venv/bin/python -m compileall -q rasa_project && rm -rf var rasa_project/.rasa

FROM ${PYTHON}
WORKDIR /app/rasa_project
COPY --from=built /app /app
ENV HOME=/tmp MPLCONFIGDIR=/tmp PYTHONUNBUFFERED=1 LOG_FORMAT=json
USER 10001:10001
CMD ["sh", "../deploy/serve_rasa.sh"]
