#!/bin/bash
# `loadtest search` and `loadtest compare` with calls of a service that they were not made for: that of a server in Go, by
# reflection alone, which runs already or which `compare` starts.
set -euo pipefail
server=$PWD/$1 loadtest=$PWD/$2 go_server=$PWD/$3
service=grpc.testing.TestService
pids=()
cd "$TEST_TMPDIR"

fail() {
  printf '%s\n' "FAILED: $*" '--- loadtest said:' "$(cat out)" >&2
  exit 1
}

stop() {
  ((${#pids[@]} > 0)) || return 0
  kill -KILL "${pids[@]}" 2>/dev/null
  wait "${pids[@]}" 2>/dev/null || true
}
trap stop EXIT

# start NAME COMMAND...: a server that tells where it serves; sets the variable NAME to that.
start() {
  local name=$1 deadline=$((SECONDS + 60)) line=
  shift
  : >"$name.err"
  "$@" 2>"$name.err" &
  pids+=($!)
  until read -r line <"$name.err"; do
    kill -0 "${pids[-1]}" 2>/dev/null && ((SECONDS < deadline)) || fail "it does not serve: $*"
  done
  printf -v "$name" %s "$(sed -nE 's/^serving on ([^:]+:[0-9]+).*/\1/p' <<<"$line")"
}

# loads EXIT_CODES SUBCOMMAND FLAG...: all that is printed is in out, the report in json and html.
loads() {
  local wanted=$1 code=0
  shift
  rm -f json html
  timeout 120 "$loadtest" "$@" --json=json --html=html >out 2>&1 </dev/null || code=$?
  [[ ,$wanted, == *,$code,* ]] || fail "exit code $code, not $wanted, of: $*"
}

search() {
  loads "$1" search "$first" --slo='errors<1%' --from=40 --to=40 --repeats=1 -z 300ms --warmup=0s \
    --max-dispatch-delay=1h --timeout=30s "${@:2}"
}

# 106 where the machine is too small for it.
compare() { loads 0,106 compare -c 4 --rounds=2 --warmup=0s -z 200ms --pin=none "$@"; }
# What is refused before anything is measured.
refuses() { loads 2 compare -c 4 "$@"; }

says() {
  local text
  for text; do grep -qF -- "$text" out || fail "'$text' was not printed"; done
}
# holds FILE REGEX...
holds() {
  local text
  for text in "${@:2}"; do grep -qE -- "$text" "$1" || fail "'$text' is not in $1: $(head -c 3000 "$1")"; done
}
# all_ok: every call of the report ended with OK, and each of the servers had some.
all_ok() {
  holds json '"OK": [1-9]'
  ! grep -qE '"errors": [1-9]' json || fail "there were errors: $(cat json)"
  ! grep -qE '"achievedRate": 0,' json || fail "a server served no call: $(cat json)"
}

check_search() {
  search 0 --call=$service/UnaryCall -d '{"payload": {"body": "AAAA"}}' --expect-json=payload.body=AAAA
  says "$service/UnaryCall · expected payload.body=AAAA" "$first holds errors<1% at 40.0 calls/s"
  holds json "\"$service/UnaryCall\"" '"payload.body=AAAA"'
  holds html "\"$service/UnaryCall\""
  all_ok
  # Answers that are wrong are errors.
  search 99 --call=$service/UnaryCall -d '{"payload": {"body": "AAAA"}}' --expect-json=payload.body=BBBB
  says 'wrong-answer: expected payload.body=BBBB, was AAAA'
  search 0 --call=$service/UnaryCall -d '{"responseStatus": {"code": 5}}' --expect-status=NOT_FOUND -m a:b
  says 'expected status NOT_FOUND'
  search 0 --call=$service/StreamingInputCall -d '{"payload": {"body": "AAAA"}}' --stream-messages=3 \
    --expect-json=aggregatedPayloadSize=9
  says Messages 'received/s  sent/s'
  first=$first,$second search 0 --call=grpc.health.v1.Health/Check --expect-json=status=SERVING
  all_ok
  search 2 --call=$service/Nothing
  says "--call=$service/Nothing: $service has no method Nothing; there are EmptyCall, UnaryCall, "
}

check_running_servers() {
  compare --target=a="$first" --target=b="$second" --call=$service/UnaryCall -d '{"payload": {"body": "AAAA"}}' \
    --expect-json=payload.body=AAAA
  says 'a against b' "$service/UnaryCall" 'expected payload.body=AAAA' 'At 4 in flight '
  holds json "\"$service/UnaryCall\"" '"payload.body=AAAA"' '"name": "data"'
  all_ok
  compare --target=a="$first" --target=b="$second" --call=$service/StreamingOutputCall \
    -d '{"responseParameters": [{"size": 3}, {"size": 3}]}'
  says 'messages of a: first after p50 ' 'messages of b: first after p50 '
  loads 1 compare -c 4 --rounds=1 --warmup=0s -z 100ms --target=a="$first" --target=b="$second" \
    --call=$service/UnaryCall --expect-json=username=rust
  says 'wrong-answer: expected username=rust, was go' 'a served no call'
}

check_servers_that_are_started() {
  local go="$go_server 127.0.0.1:{port}"
  compare --server=a="$go" --server=b="$go" --call=$service/UnaryCall -d '{"payload": {"body": "{{randomString 4}}"}}'
  says 'a against b'
  all_ok
  compare --server=a="$go" --models=async --call=grpc.health.v1.Health/Check --expect-json=status=SERVING
  says 'async against a'
  all_ok
  refuses --server=a="$go" --models=async --call=$service/UnaryCall
  says "--models=async: this project's server has no service $service"
  refuses --call=$service/UnaryCall
  says "this project's server has no service $service: --server or --target must name servers that have it"
  refuses --server=a="$go" --call=$service/Nothing
  says "$service has no method Nothing"
  refuses --server=a="$server --listen=127.0.0.1:{port} --reflection=false" --call=$service/UnaryCall
  says 'server a: ' 'does not tell its schema' --proto
  compare --models=none --server=a="$server --listen=127.0.0.1:{port} --reflection=false" \
    --call=grpc.health.v1.Health/Check --proto=grpc/health/v1/health.proto -I /usr/share/grpc-proto
}

check_files_of_calls() {
  cat >calls.yaml <<END
mix:
  - call: $service/UnaryCall
    weight: 3
    data: {payload: {body: AAAA}}
    expect-json: payload.body=AAAA
  - call: grpc.health.v1.Health/Check
END
  compare --target=a="$first" --target=b="$second" --scenario=calls.yaml
  says 'scenario calls.yaml' "$service/UnaryCall" grpc.health.v1.Health/Check 'payload.body=AAAA'
  holds json '"scenario": "calls.yaml"' "$service/UnaryCall" grpc.health.v1.Health/Check
  holds html 'calls.yaml'
  all_ok
  search 0 --config=calls.yaml
  says "$service/UnaryCall" grpc.health.v1.Health/Check
  all_ok
}

start first "$go_server"
start second "$go_server"
check_search
check_running_servers
check_servers_that_are_started
check_files_of_calls
