# One image for the server, its workers and the commands: what is locked, and a user without rights.
FROM python:3.11-slim AS build
WORKDIR /src
COPY requirements-pip.lock requirements-server.lock ./
RUN python -m venv /opt/seatwise \
    && /opt/seatwise/bin/pip install --no-cache-dir --require-hashes -r requirements-pip.lock \
    && /opt/seatwise/bin/pip install --no-cache-dir --require-hashes -r requirements-server.lock
COPY . .
RUN /opt/seatwise/bin/pip install --no-cache-dir --no-build-isolation --no-deps .

FROM python:3.11-slim
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin seatwise \
    && install -d -o seatwise -g seatwise -m 0700 /srv/seatwise /var/lib/seatwise
COPY --from=build /opt/seatwise /opt/seatwise
ENV PATH=/opt/seatwise/bin:$PATH \
    HOME=/var/lib/seatwise \
    PREFECT_HOME=/var/lib/seatwise/prefect \
    SEATWISE_HOME=/srv/seatwise \
    DO_NOT_TRACK=1 \
    PREFECT_SERVER_ANALYTICS_ENABLED=false
USER 10001:10001
WORKDIR /srv/seatwise
CMD ["seatwise", "--help"]
