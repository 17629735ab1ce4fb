# Two stages: the first has a compiler and all packages, the second only what runs.
FROM node:24-bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends python3 make g++ ca-certificates \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /build
# Where the base image carries Node's headers, the native module needs no download of them; and where
# the machine has certificates of its own, npm has to know them.
ENV npm_config_update_notifier=false NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
COPY package.json package-lock.json .npmrc ./
RUN if [ -d /usr/local/include/node ]; then export npm_config_nodedir=/usr/local; fi \
 && npm ci --no-audit --no-fund --loglevel=error
COPY tools ./tools
COPY src ./src
RUN node tools/bundle.ts /app

FROM node:24-bookworm-slim
COPY --from=build /app /app
ENV NODE_ENV=production
USER 65534:65534
CMD ["node", "/app/controller.js"]
