# The web page, without an inference service of its own. Build from the repository root:
#   docker build -f docker/web.Dockerfile -t eduvision-web:0.1.0 .
FROM node:20.19-bookworm-slim AS node

FROM mcr.microsoft.com/dotnet/sdk:10.0-noble AS build
# The build runs npm ci for the browser libraries.
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=node /usr/local/lib/node_modules/npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
WORKDIR /source
COPY . .
RUN dotnet publish src/Web -c Release -r linux-x64 --no-self-contained -p:BundleInference=false -o /app

FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble
RUN apt-get update \
 && apt-get install -y --no-install-recommends curl \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 64199 eduvision \
 && useradd --uid 64199 --gid eduvision --no-create-home --home-dir /data --shell /usr/sbin/nologin eduvision \
 && install -d -o eduvision -g eduvision /data
COPY --from=build /app /app
WORKDIR /app
# The base image asks for port 8080 on every address, which Web refuses: it has no login yet.
ENV ASPNETCORE_HTTP_PORTS= \
    DOTNET_EnableDiagnostics=0 \
    Data__Directory=/data \
    Inference__Url=http://127.0.0.1:5090 \
    URLS=http://127.0.0.1:5080
USER eduvision
VOLUME /data
HEALTHCHECK --interval=10s --timeout=5s --start-period=1m --retries=3 \
  CMD ["curl", "--fail", "--silent", "--output", "/dev/null", "http://127.0.0.1:5080/healthz"]
ENTRYPOINT ["dotnet", "EduVision.Web.dll"]
