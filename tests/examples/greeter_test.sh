#!/bin/bash
# Calls the example over loopback.
set -euo pipefail
greeter=$1 protoset=$2 grpcurl=$3

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# The example serves until its input ends: so does the test's end, whichever way, end it.
coproc server { exec "$greeter"; }
server_pid=${server_PID}
read -r -t 60 -u "${server[0]}" line || fail 'the example did not serve'
target=${line#serving on }

# call METHOD JSON
call() {
  "$grpcurl" -plaintext -max-time 30 -protoset "$protoset" -d "$2" "$target" "meanwhile.examples.Greeter/$1"
}

answer=$(call Greet '{"name": "Ada"}')
[[ $answer == *'"Hello Ada, enjoy the evening at the harbour"'* ]] || fail "Greet: $answer"

answer=$(call Sum '{"text": "ab"}')
[[ $answer == *'"sum": 3105'* ]] || fail "Sum: $answer"

exec {server[1]}>&-
wait "$server_pid" || fail "the example ended with $?"
