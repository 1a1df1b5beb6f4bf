#!/bin/bash
# The tests that docs/idea.md names are those that there are.
set -euo pipefail

shown=$(grep -E '^\|' docs/idea.md | awk -F'|' '{ print $4 }' | grep -oE '`[A-Za-z]+`' | tr -d '`' | sort)
real=$(grep -hoE '^TEST\(IdeaTableTest, [A-Za-z]+' tests/e2e/idea_*_test.cc | awk '{ print $2 }' | sort)
[[ -n $real ]] || { echo 'FAILED: tests/e2e has no IdeaTableTest' >&2; exit 1; }
diff <(echo "$shown") <(echo "$real") || { echo 'FAILED: docs/idea.md (<) names other tests than there are (>)' >&2; exit 1; }
