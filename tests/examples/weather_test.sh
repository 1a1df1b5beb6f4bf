#!/bin/bash
# Calls the service of docs/write-your-own-service.md over loopback: weather_test.sh WEATHER PROTOSET GRPCURL
set -euo pipefail
weather=$1 protoset=$2 grpcurl=$3

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

exec {said}< <(exec "$weather" 127.0.0.1:0 2>&1)
server_pid=$!
trap 'kill -KILL "$server_pid" 2>/dev/null || true' EXIT
read -r -t 60 -u "$said" line || fail 'it does not serve'
target=127.0.0.1:${line#serving on port }

# call METHOD JSON [OPTION...]
call() {
  "$grpcurl" -plaintext -max-time 30 "${@:3}" -protoset "$protoset" -d "$2" "$target" "weather.Station/$1"
}

answer=$(call Measure '{}')
[[ $answer == *'"celsius": 21.5'* ]] || fail "Measure: $answer"

answer=$(call Watch '{"count": 3}')
[[ $(grep -c '"celsius": 21.5' <<<"$answer") == 3 ]] || fail "Watch: $answer"

answer=$(call Summarise '{"days": 1}')
[[ $answer == '{'*'}' ]] || fail "Summarise: $answer"

answer=$(call Watch '{"count": 1000000000}' -max-time 0.3 2>&1) && fail "Watch has an end: $answer"
[[ $answer == *DeadlineExceeded* ]] || fail "a deadline: $answer"

answer=$(call Measure '{}') || fail "Measure, after a deadline: $answer"

# A stream is in flight when the server is told to stop: it ends, cancelled, and so does the server.
exec {watched}< <(call Watch '{"count": 1000000000}' 2>&1)
read -r -t 60 -u "$watched" line || fail 'Watch gives nothing'
kill "$server_pid"
end=$(tail -n 5 <&"$watched")
[[ $end == *Code:* ]] || fail "the end of Watch: $end"
wait "$server_pid" || fail "it ended with $?"
trap - EXIT
