#!/bin/bash
# The code that the pages show is that of the examples: example_test.sh PAGE...
#
# After the mark `<!-- FILE -->` a page shows FILE: the part between `// README.md shows what follows` and `// End of what
# README.md shows`, or all of it if it has no such marks.
set -euo pipefail

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# code PAGE FILE: the block after the mark.
code() {
  awk -v mark="<!-- $2 -->" '$0 == mark { found = 1; next }
                             found && /^```/ { if (inside) exit; inside = 1; next }
                             inside' "$1"
}

# shown_of FILE: what a page shows of it.
shown_of() {
  if grep -q '^// README.md shows what follows' "$1"; then
    awk '/^\/\/ End of what README.md shows/ { exit } inside; /^\/\/ README.md shows what follows/ { inside = 1 }' "$1"
  else
    cat "$1"
  fi
}

for page; do
  mapfile -t files < <(sed -nE 's/^<!-- (tests\/examples\/.*) -->$/\1/p' "$page")
  ((${#files[@]} > 0)) || fail "$page shows no example"
  for file in "${files[@]}"; do
    real=$(shown_of "$file")
    [[ -n $real ]] || fail "$file is empty between its marks"
    diff <(code "$page" "$file") <(echo "$real") || fail "$page (<) shows other code than $file (>)"
  done
done
