# What the scripts of this folder share: steps that are named and timed, and a Python to run them with.
# To be sourced, with the repository's root as the current folder.
export CI=1
script=.ci/${0##*/}

fail() {
    echo "$script: FAILED: $*" >&2
    exit 1
}

step() {
    local name=$1 begin=$SECONDS
    shift
    echo "== $name: $*"
    "$@" || fail "$name (exit code $?)"
    echo "== $name: done in $((SECONDS - begin)) s"
}

runs() { # whether a command is a Python that can make environments for this project
    "$1" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

python=
for candidate in python3 python3.13 python3.12 python3.11; do
    if runs "$candidate"; then
        python=$(command -v "$candidate")
        break
    fi
done
[ -n "$python" ] || fail "no Python of 3.11 or newer with the venv module" \
    "(tried python3, python3.13, python3.12, python3.11; on Debian: apt install python3-venv)"
echo "== $("$python" --version) at $python"

prepare_checks() { # makes a tox of its own, in that folder, for the function checks
    checks_folder=$1
    "$python" -m venv "$checks_folder"
    "$checks_folder/bin/python" -m pip install --quiet "tox>=4.24"
}

checks() { # an environment, and what it is told
    step "$1" "$checks_folder/bin/tox" run --workdir "$checks_folder/work" -e "$@"
}
