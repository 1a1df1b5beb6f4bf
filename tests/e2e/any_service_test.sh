#!/bin/bash
# `loadtest run --call` against services that it was not made for: those of a server in Go, by reflection alone (v1), and
# our own server's, by reflection (v1alpha), .proto files and protosets.
set -euo pipefail
server=$PWD/$1 loadtest=$PWD/$2 go_server=$PWD/$3
pid=
cd "$TEST_TMPDIR"

fail() {
  printf '%s\n' "FAILED: $*" '--- loadtest said:' "$(cat out)" '--- the server said:' "$(cat err)" >&2
  exit 1
}

stop() {
  [[ -n $pid ]] || return 0
  kill -KILL "$pid" 2>/dev/null
  wait "$pid" 2>/dev/null || true
  pid=
}
trap stop EXIT

# start COMMAND...: a server that tells where it serves; sets $target.
start() {
  local deadline=$((SECONDS + 60)) line=
  stop
  : >err
  "$@" 2>err &
  pid=$!
  until read -r line <err; do
    kill -0 "$pid" 2>/dev/null && ((SECONDS < deadline)) || fail "it does not serve: $*"
  done
  target=$(sed -nE 's/^serving on ([^:]+:[0-9]+).*/\1/p' <<<"$line")
}

# run EXIT_CODE FLAG...: 40 calls; all that is printed is in out, the report in json.
run() {
  local wanted=$1 code=0
  shift
  timeout 60 "$loadtest" run "$target" -c 4 -n 40 --timeout=30s --json=json "$@" >out 2>&1 </dev/null || code=$?
  [[ $code == "$wanted" ]] || fail "exit code $code, not $wanted, of: $*"
}

# says TEXT...: in what was printed.
says() {
  local text
  for text; do grep -qF -- "$text" out || fail "'$text' was not printed"; done
}

# counts STATUS N: in the report.
counts() { grep -qE "\"$1\": $2,?$" json || fail "not $2 calls with status $1: $(cat json)"; }

check_services_in_go() {
  local service=grpc.testing.TestService engine
  for engine in http2 grpc; do
    run 0 --engine=$engine --call=$service/UnaryCall -d '{"payload": {"body": "aGVsbG8="}}' \
      --expect-json=payload.body=aGVsbG8= --expect-json=username=go
    counts OK 40
    says "$service/UnaryCall" 'payload.body=aGVsbG8='
    run 0 --engine=$engine --call=$service.StreamingInputCall \
      -d '[{"payload": {"body": "aGVs"}}, {"payload": {"body": "aGVs"}}]' --expect-json=aggregatedPayloadSize=6
    counts OK 40
    run 0 --engine=$engine --call=$service/StreamingOutputCall \
      -d '{"responseParameters": [{"size": 3}, {"size": 3}]}' --expect-json=payload.body=AAAA
    counts OK 40
    run 0 --engine=$engine --call=$service/FullDuplexCall \
      -d '{"responseParameters": [{"size": 3}]} {"responseParameters": [{"size": 3}]}' --expect-json=payload.body=AAAA
    counts OK 40
    run 0 --engine=$engine --call=grpc.health.v1.Health/Check --expect-json=status=SERVING
    counts OK 40
  done
  run 2 --call=grpc.testing.Nothing/Check
  says 'the server has no service grpc.testing.Nothing; there are grpc.health.v1.Health, ' "$service"
  run 2 --call=$service/Nothing
  says "$service has no method Nothing; there are EmptyCall, UnaryCall, "
}

check_expectations() {
  local service=grpc.testing.TestService
  run 0 --call=$service/UnaryCall -d '{"responseStatus": {"code": 5, "message": "none"}}' --expect-status=NOT_FOUND \
    --threshold='errors<1'
  counts NOT_FOUND 40
  says 'status NOT_FOUND'
  # Half of the calls are answered with OK, which was not wanted.
  run 99 --call=$service/UnaryCall -d '[{"responseStatus": {"code": 5}}, {}]' --expect-status=NOT_FOUND \
    --threshold='errors<1'
  says '20 × OK: expected status NOT_FOUND'
  run 99 --call=$service/UnaryCall -d '[{"payload": {"body": "AAAA"}}, {"payload": {"body": "BBBB"}}]' \
    --expect-json=payload.body=AAAA --threshold='errors<1%'
  counts OK 20
  counts wrong-answer 20
  says '20 × wrong-answer: expected payload.body=AAAA, was BBBB' 'FAILED'
  run 1 --call=$service/UnaryCall --expect-json=username=rust
  says '40 × wrong-answer: expected username=rust, was go' 'no call succeeded'
}

check_data() {
  local service=grpc.testing.TestService
  printf '%s\n' '{"payload": {"body": "AAAA"}}' '{"payload": {"body": "AAAA"}}' >lines
  run 0 --call=$service/UnaryCall -D lines --pick=random --seed=7 --expect-json=payload.body=AAAA
  printf '\x1a\x05\x12\x03\x00\x00\x00' >binary  # SimpleRequest{payload{body}}
  run 0 --call=$service/UnaryCall --binary-file=binary --expect-json=payload.body=AAAA
  run 0 --call=$service/UnaryCall -d '{"responseSize": {{.CallNumber}}, "payload": {"body": "{{randomString 8}}"}}'
  counts OK 40
  echo '{"payload": {"body": "AAAA"}}' | timeout 60 "$loadtest" run "$target" -c 4 -n 40 --call=$service/UnaryCall \
    -d @ --expect-json=payload.body=AAAA >out 2>&1 || fail 'data from stdin'
  printf '%s\n' '{}' '{"paylod": {}}' >lines
  run 2 --call=$service/UnaryCall -D lines
  says '--data-file=lines: entry 2, line 2: is no grpc.testing.SimpleRequest: ' paylod
  run 2 --call=$service/UnaryCall -d '{"username": "{{.User}}"}'
  says '--data: entry 1, line 1: column 15: {{.User}}: unknown name; there are .CallNumber'
}

check_schemas_of_our_server() {
  start "$server" --listen=127.0.0.1:0 --backend=constant:1ms
  run 0 --call=grpc.health.v1.Health/Check --expect-json=status=SERVING
  run 0 --call=grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo -d '[{"listServices": "*"}]' \
    --expect-json='listServicesResponse.service[0].name=meanwhile.v1.Meanwhile'

  start "$server" --listen=127.0.0.1:0 --backend=constant:1ms --reflection=false
  run 2 --call=grpc.health.v1.Health/Check
  says "$target does not tell its schema" --reflection --proto --protoset
  run 0 --call=grpc.health.v1.Health/Check --proto=grpc/health/v1/health.proto -I /usr/share/grpc-proto \
    --expect-json=status=SERVING
  protoc -I /usr/share/grpc-proto --include_imports --descriptor_set_out=health.protoset grpc/health/v1/health.proto
  run 0 --call=grpc.health.v1.Health/Check --protoset=health.protoset -d '{"service": "other"}' --expect-status=NOT_FOUND
  printf '%s\n' 'syntax = "proto3";' 'message A { B b = 1; }' >wrong.proto
  run 2 --call=grpc.health.v1.Health/Check --proto=wrong.proto
  says '--proto: wrong.proto:2:13: "B" is not defined.'
}

check_flags() {
  run 2 --call=grpc.health.v1.Health/Check --wait=simulated:1ms
  says '--wait=simulated:1ms: cannot be given together with --call'
  run 2 --call=grpc.health.v1.Health/Check --payload-size=3
  says '--payload-size=3: cannot be given together with --call'
  run 2 -d '{}'
  says '--data={}: needs --call'
  run 2 --call=a.B/C -d '{}' -D lines
  says '--data-file=lines: cannot be given together with --data'
  run 2 --call=a.B/C --proto=a.proto --protoset=a
  says '--protoset=a: cannot be given together with --proto'
  run 2 --call=a.B/C -D ''
  says '--data-file=: must be a file'
  run 2 --call=a.B/C --binary-file ''
  says '--binary-file=: must be a file'
  run 2 --call=a.B/C -I .
  says 'needs --proto'
  run 2 --call=a
  says '--call=a: must be a method such as grpc.health.v1.Health/Check'
  run 2 --call=a.B/C --pick=some
  says '--pick=some: must be round-robin or random'
  run 2 --expect-status=FINE
  says '--expect-status=FINE: must be a status such as OK or NOT_FOUND'
  # Of Fetch, too, a status may be expected.
  run 0 --expect-status=OK --wait=simulated:1ms
  run 0 --expect-status=NOT_FOUND,UNAVAILABLE --wait=simulated:constant:1ms,fail=1:NOT_FOUND
  counts NOT_FOUND 40
}

start "$go_server"
check_services_in_go
check_expectations
check_data
check_schemas_of_our_server
check_flags
