#!/bin/bash
# A real gRPC client that is not ours, against the real server, in each model.
set -euo pipefail
server=$1 grpcurl=$2 target=

fail() {
  printf '%s\n' "FAILED, model $model: $*" "--- the server said:" "$(cat "$TEST_TMPDIR/err")" >&2
  exit 1
}

# call ARGUMENT...: grpcurl; everything it prints is in $answer, its exit code in $code.
call() {
  code=0
  answer=$(timeout 30 "$grpcurl" -plaintext "$@" 2>&1) || code=$?
}

contains() {
  local expected
  for expected; do
    [[ $answer == *"$expected"* ]] || fail "expected '$expected' in:"$'\n'"$answer"
  done
}

# nanos DURATION: of protobuf's JSON, "0.050123s".
nanos() {
  local seconds=${1%s} fraction=
  [[ $seconds == *.* ]] && fraction=${seconds#*.}
  fraction=${fraction}000000000
  echo $((${seconds%.*} * 1000000000 + 10#${fraction:0:9}))
}

check_listing() {
  call "$target" list
  contains meanwhile.v1.Meanwhile meanwhile.v1.Admin grpc.health.v1.Health
  call "$target" list meanwhile.v1.Meanwhile
  contains meanwhile.v1.Meanwhile.{Fetch,Gather,Watch,Collect,Exchange,Compute}
  call "$target" describe meanwhile.v1.Meanwhile.Fetch
  contains 'rpc Fetch ( .meanwhile.v1.FetchRequest ) returns ( .meanwhile.v1.FetchResponse );'
  call "$target" describe meanwhile.v1.SimulatedWait
  contains '.google.protobuf.Duration constant = 1;' 'string spec = 2;'
}

check_fetch() {
  call -d '{"payload": "aGVsbG8="}' "$target" meanwhile.v1.Meanwhile/Fetch
  [[ $code == 0 ]] || fail "$answer"
  contains '"payload": "aGVsbG8="' '"waited": "0.0'
}

check_gather_at_once() {
  local wait='{"simulated": {"constant": "0.2s"}}' waited elapsed sum=0 one
  call -d "{\"mode\": \"AT_ONCE\", \"waits\": [$wait, $wait, $wait]}" "$target" meanwhile.v1.Meanwhile/Gather
  [[ $code == 0 ]] || fail "$answer"
  mapfile -t waited < <(sed -nE 's/^ +"([0-9.]+s)",?$/\1/p' <<<"$answer")
  elapsed=$(sed -nE 's/^ +"elapsed": "([0-9.]+s)",?$/\1/p' <<<"$answer")
  [[ ${#waited[@]} == 3 && -n $elapsed ]] || fail "expected three waits and a time in:"$'\n'"$answer"
  for one in "${waited[@]}"; do
    (($(nanos "$one") >= 200000000)) || fail "a wait of $one, not of 0.2s"
    sum=$((sum + $(nanos "$one")))
  done
  (($(nanos "$elapsed") < sum)) || fail "three waits at once took $elapsed, no less than one after another"
}

check_errors() {
  call -d '{"wait": {"simulated": {"constant": "61s"}}}' "$target" meanwhile.v1.Meanwhile/Fetch
  contains 'Code: InvalidArgument' 'Message: wait.simulated.constant=1m1s: must be from 0 to 1m'
  call -d '{"paylod": ""}' "$target" meanwhile.v1.Meanwhile/Fetch
  [[ $code != 0 ]] || fail 'a field that does not exist was taken'
  call -max-time 0.2 -d '{"wait": {"simulated": {"constant": "60s"}}}' "$target" meanwhile.v1.Meanwhile/Fetch
  contains 'Code: DeadlineExceeded'
}

check_health() {
  local service
  for service in '' meanwhile.v1.Meanwhile meanwhile.v1.Admin; do
    call -d "{\"service\": \"$service\"}" "$target" grpc.health.v1.Health/Check
    contains '"status": "SERVING"'
  done
  call -d '{"service": "other"}' "$target" grpc.health.v1.Health/Check
  contains 'Code: NotFound'
}

# watch_health SERVICE STATUS: begins a watch, whose first message tells STATUS.
watch_health() {
  local file=$TEST_TMPDIR/watch.$1 deadline=$((SECONDS + 30))
  : >"$file"  # Of the model before.
  timeout 60 "$grpcurl" -plaintext -d "{\"service\": \"$1\"}" "$target" grpc.health.v1.Health/Watch >"$file" 2>&1 &
  watchers+=($!)
  until grep -q "\"status\": \"$2\"" "$file"; do
    ((SECONDS < deadline)) || fail "the watch of '$1' does not tell $2: $(cat "$file")"
  done
}

check_health_watch() {
  local service
  watchers=()
  for service in '' meanwhile.v1.Meanwhile meanwhile.v1.Admin; do watch_health "$service" SERVING; done
  watch_health other SERVICE_UNKNOWN
  stop_server
  wait "${watchers[@]}" || true
  for service in '' meanwhile.v1.Meanwhile meanwhile.v1.Admin; do
    answer=$(<"$TEST_TMPDIR/watch.$service")
    contains '"status": "NOT_SERVING"' 'Code: Unavailable' 'Message: the server stops'
  done
  answer=$(<"$TEST_TMPDIR/watch.other")
  contains 'Code: Unavailable' 'Message: the server stops'
}

check_channelz() {
  local server_id socket_id
  start_server --channelz=true
  watchers=()
  watch_health '' SERVING  # The first connection stays.
  call -d '{"payload": "aGVsbG8="}' "$target" meanwhile.v1.Meanwhile/Fetch
  call "$target" grpc.channelz.v1.Channelz/GetServers
  contains '"calls_started": "' '"calls_succeeded": "' '"end": true'
  server_id=$(sed -nE 's/^ +"server_id": "([0-9]+)"$/\1/p' <<<"$answer")
  call -d "{\"server_id\": \"$server_id\"}" "$target" grpc.channelz.v1.Channelz/GetServerSockets
  socket_id=$(sed -nE 's/^ +"socket_id": "([0-9]+)",?$/\1/p' <<<"$answer" | head -n 1)
  [[ -n $socket_id ]] || fail "expected a socket in:"$'\n'"$answer"
  call -d "{\"socket_id\": \"$socket_id\"}" "$target" grpc.channelz.v1.Channelz/GetSocket
  contains '"streams_started": "' '"tcpip_address": '
  call "$target" grpc.channelz.v1.Channelz/GetTopChannels
  contains '"end": true'
  stop_server
  wait "${watchers[@]}" || true

  # One service without the other.
  start_server --channelz=true --reflection=false
  call "$target" list
  contains 'server does not support the reflection API'
  call -import-path /usr/share/grpc-proto -proto grpc/channelz/v1/channelz.proto "$target" \
    grpc.channelz.v1.Channelz/GetServers
  contains '"serverId"'
  stop_server
}

check_without_channelz() {
  call "$target" list
  [[ $answer != *channelz* ]] || fail "channelz is served without having been asked for"
  call -import-path /usr/share/grpc-proto -proto grpc/channelz/v1/channelz.proto "$target" \
    grpc.channelz.v1.Channelz/GetServers
  contains 'Code: Unimplemented'
}

check_stats() {
  call "$target" meanwhile.v1.Admin/GetServerStats
  contains "\"model\": \"$model\"" '"OK": "2"' '"INVALID_ARGUMENT": "1"'
}

check_without_reflection() {
  start_server --reflection=false
  call "$target" list
  contains 'server does not support the reflection API'
  stop_server
}

# start_server FLAG...: sets $target.
start_server() {
  : >"$TEST_TMPDIR/err"
  "$server" --model="$model" --listen=127.0.0.1:0 --backend=constant:10ms "$@" 2>"$TEST_TMPDIR/err" &
  pid=$!
  trap 'kill -KILL $pid 2>/dev/null' EXIT
  local deadline=$((SECONDS + 30)) line=
  # The line is there once its end is.
  until read -r line <"$TEST_TMPDIR/err"; do
    kill -0 "$pid" 2>/dev/null && ((SECONDS < deadline)) || fail 'the server does not serve'
  done
  target=${line#serving on } target=${target%%: *}
}

stop_server() {
  local code=0
  kill -TERM "$pid"
  wait "$pid" || code=$?
  trap - EXIT
  [[ $code == 0 ]] || fail "the server ended with $code"
}

check_streams() {
  call -d '{"count": 2, "payload": "aGVsbG8="}' "$target" meanwhile.v1.Meanwhile/Watch
  contains '"index": 1' '"payload": "aGVsbG8="'
  call -d '{"payload": "aGVsbG8="} {"payload": "aGVsbG8="}' "$target" meanwhile.v1.Meanwhile/Collect
  contains '"count": 2' '"bytes": "10"'
  call -d '{"payload": "aGVsbG8="} {"payload": "YmVl"}' "$target" meanwhile.v1.Meanwhile/Exchange
  contains '"payload": "aGVsbG8="' '"payload": "YmVl"'
}

for model in async callback thread pool; do
  start_server
  check_listing
  check_fetch
  check_gather_at_once
  check_errors
  check_health
  check_stats
  check_streams
  check_without_channelz
  check_health_watch  # Stops the server.
  check_without_reflection
  check_channelz
done
