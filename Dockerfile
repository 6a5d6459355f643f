# One image for every process of the platform; docker-compose.yml says which process a container runs.

FROM node:20-bookworm-slim AS page
WORKDIR /src/frontend
COPY frontend/package.json frontend/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY frontend/ ./
RUN npm run build

FROM python:3.11-slim-bookworm AS packages
RUN apt-get update && apt-get install -y --no-install-recommends g++ make && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY requirements.lock native.lock ./
# uv is pinned, with its hashes, by the lock that it then installs.
RUN python -m venv /opt/venv \
    && awk '/^uv==/ {on = 1; print; next} on && /^ +--hash/ {print; next} {on = 0}' requirements.lock > uv.lock \
    && /opt/venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r uv.lock \
    && /opt/venv/bin/python -m uv pip sync --no-cache --python /opt/venv/bin/python --compile-bytecode requirements.lock
# An image runs on other processors than the one it was built on: no instructions of this one alone.
RUN CMAKE_ARGS="-DLLAVA_BUILD=OFF -DGGML_NATIVE=OFF" /opt/venv/bin/pip install --no-cache-dir --no-deps \
    --no-binary llama-cpp-python --require-hashes -r native.lock

FROM python:3.11-slim-bookworm
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 atelier && install -d -m 0700 -o atelier -g atelier /data
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY requirements.lock ./
COPY inference/ inference/
COPY rag/ rag/
COPY agents/ agents/
COPY migrations/ migrations/
COPY backend/ backend/
COPY --from=page /src/frontend/dist frontend/dist
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    MALLOC_ARENA_MAX=2 \
    DJANGO_SETTINGS_MODULE=backend.config.settings \
    ATELIER_HOME=/data \
    ATELIER_SECRETS_FILE=/data/secrets.json
USER atelier
VOLUME /data
EXPOSE 8000
CMD ["python", "-m", "uvicorn", "backend.config.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--no-access-log", "--timeout-graceful-shutdown", "2"]
