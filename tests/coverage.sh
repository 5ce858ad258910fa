#!/usr/bin/env bash
# Branch coverage of mail_envs and mail_wrappers, which is to be at least 97 %, of lines and branches
# together and of branches alone. Compiled kernels are run a second time as Python, on few positions,
# because nothing sees inside compiled code.
#
# Bridges to packages that this environment lacks are measured with the interpreter of one that has
# imitation, minari, pandas, pyarrow and pytest-cov:
#
#     bash tests/coverage.sh [python of that environment]
set -euo pipefail
cd "$(dirname "$0")/.."
export OMP_NUM_THREADS=1
data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT

measured() { # name, python, tests
  echo "+ $1"
  COVERAGE_FILE="$data/.coverage.$1" "$2" -m pytest -q -p no:cacheprovider \
    --cov=mail_envs --cov=mail_wrappers --cov-branch --cov-report= "${@:3}"
}

measured environments python tests/envs
measured wrappers python tests/wrappers
measured malformed python -m slow tests/wrappers/test_malformed.py
NUMBA_DISABLE_JIT=1 measured kernels python -W "ignore:overflow encountered:RuntimeWarning" \
  tests/envs/board/test_plain_kernels.py \
  tests/envs/board/test_lockstep.py tests/envs/board/test_vector.py \
  --deselect tests/envs/board/test_vector.py::test_the_default_opponent_plays_connect_four_perfectly
if [ $# -gt 0 ]; then
  measured bridges "$1" tests/wrappers/interop/test_minari.py tests/wrappers/interop/test_tables.py \
    tests/wrappers/interop/test_imitation_data.py tests/wrappers/interop/test_imitation_bridge.py
fi
export COVERAGE_FILE="$data/.coverage"
python -m coverage combine -q "$data"
for package in mail_envs mail_wrappers; do
  python -m coverage report --skip-covered --show-missing --precision=1 --fail-under=97 \
    --include="$package/*"
  python -m coverage json -q --include="$package/*" -o "$data/$package.json"
  python -c '
import json, sys
share = json.load(open(sys.argv[1]))["totals"]["percent_branches_covered"]
print(f"of branches alone: {share:.1f} %")
sys.exit(share < 97)' "$data/$package.json"
done
