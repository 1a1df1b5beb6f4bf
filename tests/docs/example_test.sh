#!/bin/bash
# The code in README.md after the mark `<!-- tests/examples/greeter.cc -->` is the marked part of that file.
set -euo pipefail

shown=$(awk '/^<!-- tests\/examples\/greeter.cc -->$/ { found = 1; next }
             found && /^```cpp$/ { inside = 1; next }
             /^```$/ { if (inside) exit }
             inside' README.md)
real=$(awk '/^\/\/ End of what README.md shows/ { exit } inside; /^\/\/ README.md shows what follows/ { inside = 1 }' \
  tests/examples/greeter.cc)
[[ -n $real ]] || { echo 'FAILED: tests/examples/greeter.cc has no marks' >&2; exit 1; }
diff <(echo "$shown") <(echo "$real") || { echo 'FAILED: README.md (<) shows other code than the example (>)' >&2; exit 1; }
