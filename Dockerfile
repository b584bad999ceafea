# One image for both processes; docs/containers.md shows how it is built and run.
# REQUIREMENTS: files of requirements/ without their ending, such as "oidc sentry".
FROM python:3.11-slim-bookworm AS packages
ARG REQUIREMENTS=production
COPY requirements /requirements
RUN python -m venv /venv \
 && for name in ${REQUIREMENTS}; do \
      /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --no-deps \
        -r "/requirements/${name}.txt" || exit 1; \
    done

FROM python:3.11-slim-bookworm
COPY --from=packages /venv /venv
WORKDIR /app
COPY app.py LICENSE ./
COPY bridge bridge
COPY connectors connectors
COPY console console
COPY jobs jobs
COPY sources sources
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PORT=8000
# A number, so that Kubernetes can see that it is not root. The process writes no file.
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
# Of web. A worker has no port: its container is started with `--no-healthcheck`, and /readyz of web counts the workers.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import http.client as h, os, sys; c = h.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=4); c.request('GET', '/healthz'); sys.exit(c.getresponse().status != 200)"]
CMD ["python", "app.py"]
