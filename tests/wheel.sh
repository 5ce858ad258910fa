#!/usr/bin/env bash
# The release as its users get it: source distribution and wheel are built, the wheel of the source
# distribution is installed into an empty environment, and the tests of the source distribution run
# against it, with nothing of the working copy in reach. For each Python given:
#
#     bash tests/wheel.sh python3.11 python3.13
#
# The first use of a Python downloads what constraints.txt names; PYTEST_ARGS replaces the arguments
# of pytest ("-q tests" and the examples within the packages).
set -euo pipefail
cd "$(dirname "$0")/.."
export OMP_NUM_THREADS=1 PIP_DISABLE_PIP_VERSION_CHECK=1
constraints="$PWD/constraints.txt"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/build"
"$work/build/bin/python" -m pip install -q build
"$work/build/bin/python" -m build -q --outdir "$work/dist" . # the wheel is built from the sdist
ls "$work/dist"
mkdir "$work/source"
tar -xzf "$work"/dist/*.tar.gz --strip-components=1 -C "$work/source"
rm -r "$work"/source/mail_{envs,wrappers,learners} # else they would hide the wheel's

for python in "$@"; do
  echo "+ $("$python" --version)"
  venv="$work/$(basename "$python")"
  "$python" -m venv "$venv"
  wheel=$(ls "$work"/dist/*.whl)
  "$venv/bin/python" -m pip install -q -c "$constraints" "mail-envs[dev] @ file://$wheel"
  (
    . "$venv/bin/activate"
    cd "$work/source"
    python -c "import mail_envs; assert 'site-packages' in mail_envs.__file__, mail_envs.__file__"
    # shellcheck disable=SC2086
    python -m pytest ${PYTEST_ARGS:--q -p no:cacheprovider tests --pyargs mail_envs mail_wrappers mail_learners}
  )
  rm -rf "$venv"
done
