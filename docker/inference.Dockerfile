# The inference service with libtorch for CUDA. Build from the repository root:
#   docker build -f docker/inference.Dockerfile -t eduvision-inference:0.1.0 .
FROM mcr.microsoft.com/dotnet/sdk:10.0-noble AS build
WORKDIR /source
COPY . .
# Without -r it would bring the native libraries of every operating system (1.2 GB in place of 0.5).
# cuda takes the package TorchSharp-cuda-linux; an empty value takes the CPU build, for a machine without a GPU.
ARG TORCH=cuda
RUN dotnet publish src/Inference -c Release -r linux-x64 --no-self-contained -p:Torch=${TORCH} -o /app

FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble AS dotnet

# libtorch brings its own CUDA libraries; the driver comes from the host. Ubuntu 24.04 has the C++ runtime TorchSharp wants.
FROM nvidia/cuda:12.8.1-base-ubuntu24.04
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates curl libgomp1 libicu74 libssl3t64 libstdc++6 tzdata \
 && rm -rf /var/lib/apt/lists/*
COPY --from=dotnet /usr/share/dotnet /usr/share/dotnet
RUN ln -s /usr/share/dotnet/dotnet /usr/bin/dotnet \
 && groupadd --gid 64198 eduvision \
 && useradd --uid 64198 --gid eduvision --no-create-home --home-dir /data --shell /usr/sbin/nologin eduvision \
 && install -d -o eduvision -g eduvision /data
COPY --from=build /app /app
WORKDIR /app
# Diagnostic sockets would want to write; the root file system is read-only.
ENV DOTNET_EnableDiagnostics=0 \
    Inference__DataDirectory=/data \
    Inference__Urls=http://127.0.0.1:5090
USER eduvision
VOLUME /data
# An 8B model takes a while to load; /readyz answers 503 until it has.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10m --retries=3 \
  CMD ["curl", "--fail", "--silent", "--output", "/dev/null", "http://127.0.0.1:5090/readyz"]
ENTRYPOINT ["dotnet", "EduVision.Inference.dll", "serve"]
