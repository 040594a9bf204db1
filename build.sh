#!/bin/sh
# Sets up, builds and runs Understudy on a Debian machine with Node 20+ and npm. `./build.sh` alone lists the commands.
set -eu
cd "$(dirname "$0")"

# Debian packages of the checks that need real peers; building and the demo need none.
TEST_PACKAGES="ffmpeg chromium fonts-dejavu-core python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav vlc-bin vlc-plugin-base libfaketime gcc libc6-dev pkg-config libfuse3-dev fuse3 e2fsprogs iproute2 avahi-daemon iptables samba smbclient openssl nftables libnetfilter-queue-dev"

usage() {
  cat <<TEXT
usage: ./build.sh COMMAND
  demo [--once] [--json FILE]  set up, build and run a site: host, two recording servers, one failover server, eight
                               simulated cameras; --once plays a failure and checks every access unit
  build                        set up and build everything, start nothing
  start [-- ARGS]              set up, build and run this box (understudy serve ARGS)
  test [SUITE ...]             set up and run every check, or some: lint types unit scenario interop browser
  release KEY OUT              pack this version into a signed release that servers install (docs/design/updates.md)
  bench [NAME]                 benchmarks: recording ui smb restoration (against a peer in the same run) live-cover plan
  campaign NAME [--seed S] [--runs N]   long randomised campaigns: powerloss fuzz coordination failover races restoration
                                        interruptions
What each bench and campaign proves: docs/campaigns.md
TEXT
}

fail() { printf 'build.sh: %s\n' "$1" >&2; exit 2; }

# The pinned runtime comes from the registry with the other dependencies, so any Node that can run npm will do to start.
set_up() {
  command -v npm >/dev/null 2>&1 || fail 'npm is missing: install Node.js 20 or later with npm, then run this again'
  stamp=node_modules/.lock-stamp
  if ! cmp -s package-lock.json "$stamp" 2>/dev/null; then
    npm ci --include=optional --no-audit --no-fund --loglevel=error || fail 'npm ci failed: see above'
    cp package-lock.json "$stamp"
  fi
  PATH="$PWD/node_modules/.bin:$PATH"
  export PATH
  node -e 'process.exit(process.version === "v24.21.0" ? 0 : 1)' || fail "no pinned Node 24.21.0 for $(uname -s) $(uname -m): x86_64 and aarch64 with glibc are supported"
}

debian_packages() {
  missing=
  for package in $TEST_PACKAGES; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
  done
  [ -z "$missing" ] && return 0
  [ "$(id -u)" = 0 ] || fail "these Debian packages are missing; run as root: apt-get install --no-install-recommends$missing"
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null || fail "apt-get could not install$missing"
}

build() {
  tsc -p tsconfig.build.json
  vite build web --logLevel warn
}

command=${1:-help}
[ $# -gt 0 ] && shift
case $command in
  demo) set_up; build; exec node dist/demo.js "$@" ;;
  build) set_up; build ;;
  start) set_up; build; [ "${1:-}" = -- ] && shift; exec bin/understudy serve "$@" ;;
  test) set_up; debian_packages; build; exec node test/run.ts "$@" ;;
  bench) set_up; debian_packages; build; name=${1:-recording}; [ $# -gt 0 ] && shift
    [ -f "bench/$name.ts" ] || fail "no benchmark is called $name; there are: $(ls bench | sed -n 's/\.bench\.ts$//p;s/^\([a-z-]*\)\.ts$/\1/p' | tr '\n' ' ')"
    exec node "bench/$name.ts" "$@" ;;
  campaign) set_up; debian_packages; build; name=${1:-}; [ $# -gt 0 ] && shift
    [ -f "test/campaign/$name.ts" ] || fail "no campaign is called '$name'; there are: $(ls test/campaign 2>/dev/null | sed -n 's/\.ts$//p' | tr '\n' ' ')"
    exec node "test/campaign/$name.ts" "$@" ;;
  release) set_up; build; [ -n "${1:-}" ] && [ -n "${2:-}" ] || fail 'release needs KEY OUT: a private key of understudy release key, and a new file'
    stage=$(mktemp -d); trap 'rm -rf "$stage"' EXIT
    cp -r package.json package-lock.json tools dist hw "$stage"
    (cd "$stage" && npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund --loglevel=error) || fail 'npm ci failed: see above'
    bin/understudy release make "$stage" --key "$1" --out "$2" ;;
  package) fail 'package: not there yet; a later release brings the NAS package' ;;
  help|--help|-h) usage ;;
  *) usage >&2; fail "unknown command '$command'" ;;
esac
