# shellcheck shell=bash
# Sourced by every script: where things are, and the few helpers they share.
set -euo pipefail
umask 022 # the server's user reads what root builds

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
BUILD=$ROOT/.build
# shellcheck disable=SC2034 # read by the scripts that source this
VERSION=$(sed -n 's/^version *= *"\(.*\)"/\1/p' "$ROOT/Cargo.toml" | head -n 1)
export LLMSPELL_T0=${LLMSPELL_T0:-$EPOCHSECONDS}

say() { printf '[%3ds] %s\n' $((EPOCHSECONDS - LLMSPELL_T0)) "$*" >&2; }
die() {
    printf 'llmspell: %s\n' "$*" >&2
    exit 1
}

# Unix sockets allow about 100 bytes of path, so what the servers use lives in a short place.
hash=$(printf '%s' "$ROOT" | cksum)
hash=$((${hash%% *} % 0x1000000))
RUN=${LLMSPELL_RUN:-/tmp/llmspell-$UID-$(printf '%06x' $hash)}
mkdir -p "$RUN"
[[ -O $RUN ]] || die "$RUN belongs to another user: remove it or set LLMSPELL_RUN"

# Postgres refuses to run as root.
if ((UID == 0)); then
    SERVER_USER=${LLMSPELL_RUNAS:-$(id -un postgres 2>/dev/null || echo nobody)}
    as_server() { (cd / && exec runuser -u "$SERVER_USER" -- "$@"); }
else
    SERVER_USER=$(id -un)
    as_server() { "$@"; }
fi

# What the server must read: inside the project, unless a closed folder above it shuts the server out.
PUB=$BUILD
as_server test -x "$ROOT" || PUB=$RUN
STAGE=$PUB/stage

export PGRX_HOME=$BUILD/pgrx CARGO_TARGET_DIR=$ROOT/target
# Keeps the flags of cargo-pgrx's builds equal to cargo's own, so that dependencies compile once.
# Other machines may need the flag (pgrx 0.18.1 on aarch64); scripts/build checks the outcome.
if [[ $(uname -m) == x86_64 ]]; then export CARGO_PGRX_DISABLE_GC_SECTIONS_WORKAROUND=1; fi
export RUST_BACKTRACE=1 # no error of the extension may carry a backtrace, whatever the server's environment
PATH=$BUILD/tools/bin:$PATH:/usr/sbin:/sbin

cargo_pgrx() { cargo-pgrx pgrx "$@" 9>&-; } # a build daemon must not inherit the lock

# one_at_a_time NAME: waits for other runs of the calling script in this clone.
one_at_a_time() {
    mkdir -p "$BUILD"
    exec 9>"$BUILD/$1.lock"
    flock 9
}

# install_package WHAT PACKAGES: as root through apt, else say what to run.
install_package() {
    if ((UID != 0)) || ! command -v apt-get >/dev/null; then
        die "$1 is missing: run as root: apt-get install $2"
    fi
    say "installing $1 (apt-get install $2)"
    mkdir -p "$BUILD"
    # shellcheck disable=SC2086 # several packages may be named
    for try in install update; do
        [[ $try == install ]] || apt-get update >>"$BUILD/apt.log" 2>&1 || true
        if DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $2 >>"$BUILD/apt.log" 2>&1; then return; fi
    done
    die "cannot install $1: apt-get install $2 failed, see $BUILD/apt.log"
}
need() { command -v "$1" >/dev/null || install_package "$1" "$2"; }

# Takes the server that scripts/setup chose.
load_pg() {
    [[ -s $BUILD/pg_config.path ]] || die "no server chosen yet: run make setup"
    PG_CONFIG=$(<"$BUILD/pg_config.path")
    [[ -x $PG_CONFIG ]] || die "$PG_CONFIG has gone: run make setup"
    PGBIN=$("$PG_CONFIG" --bindir)
    export PG_CONFIG
}

# What a test, a bench or the demo finds in its environment besides the connection.
export_client_env() {
    export LLMSPELL_ROOT=$ROOT LLMSPELL_BUILD=$BUILD LLMSPELL_RUN=$RUN LLMSPELL_STAGE=$STAGE
    export SOAK=${SOAK:-} NODE_PATH=$BUILD/node/node_modules PYTHONDONTWRITEBYTECODE=1
    export PATH="$PGBIN:$BUILD/venv/bin:$PATH"
    unset PGOPTIONS PGSERVICE PGPASSWORD PGPASSFILE PGSSLMODE PGTZ PGDATESTYLE PGCLIENTENCODING PGAPPNAME
}
