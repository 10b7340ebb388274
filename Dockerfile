# syntax=docker/dockerfile:1

# The image of a release: compiled in one stage, run by an unprivileged user in another.

FROM rust:1-bookworm AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libssl-dev nodejs npm perl pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# Fetched and compiled packages are kept between builds, outside the image.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    --mount=type=cache,target=/src/static/node_modules \
    cargo build --locked --release --package quarterdeck \
    && install target/release/quarterdeck /usr/local/bin/quarterdeck

FROM debian:bookworm-slim
LABEL org.opencontainers.image.title="Quarterdeck" \
      org.opencontainers.image.description="On-call paging and incident management" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates libssl3 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --system --gid 999 quarterdeck \
    && useradd --system --uid 999 --gid quarterdeck --no-create-home --shell /usr/sbin/nologin \
        --home-dir /var/lib/quarterdeck quarterdeck \
    && install --directory --owner=quarterdeck --group=quarterdeck --mode=0750 /var/lib/quarterdeck
COPY --from=build /usr/local/bin/quarterdeck /usr/local/bin/quarterdeck
COPY LICENSE /usr/share/doc/quarterdeck/LICENSE
USER quarterdeck
WORKDIR /var/lib/quarterdeck
VOLUME /var/lib/quarterdeck
ENV QUARTERDECK_LISTEN=0.0.0.0:8080 \
    QUARTERDECK_DATA_DIR=/var/lib/quarterdeck
EXPOSE 8080
# Ready means: it can write to its database. The shell speaks HTTP well enough to ask.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /readyz HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3 && read -r _ status _ <&3 && [ \"$status\" = 200 ]"]
ENTRYPOINT ["quarterdeck"]
CMD ["serve"]
