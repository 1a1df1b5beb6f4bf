#!/bin/bash
# Does what docs/write-your-own-service.md says, in an empty folder, and calls the service that comes out of it:
# own_service_test.sh WEATHER_TEST GRPCURL
set -euo pipefail
checkout=$PWD
page=$checkout/docs/write-your-own-service.md
weather_test=$checkout/$1 grpcurl=$checkout/$2

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

mkdir "$TEST_TMPDIR/folder"
cd "$TEST_TMPDIR/folder"

# The files that the page shows.
for file in weather.proto weather.cc; do
  awk -v mark="<!-- tests/examples/$file -->" '$0 == mark { found = 1; next }
                                               found && /^```/ { if (inside) exit; inside = 1; next }
                                               inside' "$page" >"$file"
  [[ -s $file ]] || fail "the page does not show $file"
done
lines=$(wc -l <weather.cc)
((lines < 80)) || fail "weather.cc has $lines lines: must be under 80"

# Its commands, in their order.
commands=$(awk '/^```/ { inside = !inside && $0 == "```sh test"; next } inside' "$page")
[[ $commands == *g++* ]] || fail 'the page shows no commands'
echo "$commands"
MEANWHILE=$checkout bash -euo pipefail -c "$commands" </dev/null || fail "exit code $? of its commands"

protoc --include_imports --descriptor_set_out=weather.protoset weather.proto
"$weather_test" ./weather weather.protoset "$grpcurl"
