#!/bin/bash
# Each page of docs/sharp-edges names the tests that hold what it says, and those exist.
set -euo pipefail
failed=0
for page in docs/sharp-edges/*.md; do
  mapfile -t names < <(grep -oE '[A-Za-z]+Test\.[A-Za-z]+' "$page" | sort -u)
  ((${#names[@]} > 0)) || { echo "FAILED: $page names no test" >&2; failed=1; }
  for name in "${names[@]}"; do
    grep -qE "^TEST(_F)?\(${name%.*}, ${name#*.}\)" tests/async/*_test.cc || {
      echo "FAILED: $page names $name, which is no test" >&2
      failed=1
    }
  done
done
exit $failed
