# Two stages: the first has a compiler and all packages, the second only what runs: no shell, no package
# manager. Everything is of the processor that it is built for (linux/amd64, linux/arm64):
#   docker buildx build --platform linux/amd64,linux/arm64 .
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
COPY LICENSE ./
RUN node tools/bundle.ts /image/app && cp LICENSE /image/app/
# Node and what it and the native modules are linked with; the texts of their licences, as far as the
# base image has them; and the few files that the C library looks for.
RUN ldd /usr/local/bin/node $(find /image/app -name '*.node') | grep -o '/[^ ]*\.so[^ ]*' | sort -u \
    | grep -v '^/image' | xargs cp --parents -L -t /image /usr/local/bin/node \
 && for text in /usr/local/LICENSE /usr/share/common-licenses /usr/share/doc/libc6/copyright \
      /usr/share/doc/libstdc++6/copyright /usr/share/doc/libgcc-s1/copyright; \
    do [ ! -e "$text" ] || cp --parents -rL -t /image "$text"; done \
 && mkdir -p /image/etc \
 && echo 'root:x:0:0:root:/:/none' > /image/etc/passwd \
 && echo 'nobody:x:65534:65534:nobody:/:/none' >> /image/etc/passwd \
 && echo 'hosts: files dns' > /image/etc/nsswitch.conf

FROM scratch
COPY --from=build /image /
# The C library gives each thread a heap of its own, which it hardly uses: 4 MiB of a speaker.
ENV NODE_ENV=production PATH=/usr/local/bin MALLOC_ARENA_MAX=2
USER 65534:65534
CMD ["node", "/app/controller.js"]
