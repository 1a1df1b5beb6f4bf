#!/bin/bash
# For each binary: the long flags of its section in docs/flags.md are those of its --help.
set -euo pipefail
failed=0

# flags_in: the long flags in the input.
flags_in() { grep -oE -- '--[a-z][a-z-]*' | sort -u | grep -vx -- --help; }

# compare NAME HELP_COMMAND...: each command's output is one page of help.
compare() {
  local name=$1 shown real
  shift
  shown=$(awk -v head="## $name" '/^#/ { inside = $0 == head } inside && /^\|/' docs/flags.md | flags_in)
  real=$(for command; do $command --help | grep -E '^ +-'; done | flags_in)
  diff <(echo "$shown") <(echo "$real") || {
    echo "FAILED: docs/flags.md (<) tells of other flags than $name --help (>)" >&2
    failed=1
  }
}

compare server server/server
compare client client/client\ {fetch,gather,compute,stats,health}
compare loadtest loadtest/loadtest\ {run,compare,search}
exit $failed
