#!/bin/bash
# The events that docs/watch-a-server.md lists are those that the server's sources log.
set -euo pipefail

shown=$(awk '/^#/ { inside = $0 == "## The log" } inside && /^\|/' docs/watch-a-server.md |
  awk -F'|' '{ print $2 }' | grep -oE '`[a-z_]+`' | tr -d '`' | sort)
# Log(level, "event", ...) and what ends in it, whose arguments may stand on the next line.
real=$(find -L server -name '*.cc' -exec cat {} + | tr -s ' \n' ' ' |
  grep -oE '\b(Log|LogError|CountEntry)\( ?([A-Za-z:]+, )?"[a-z_]+"' | grep -oE '"[a-z_]+"' | tr -d '"' | sort -u)
[[ -n $real ]] || { echo 'FAILED: server/ logs no event' >&2; exit 1; }
diff <(echo "$shown") <(echo "$real") || {
  echo 'FAILED: docs/watch-a-server.md (<) lists other events than server/ logs (>)' >&2
  exit 1
}
