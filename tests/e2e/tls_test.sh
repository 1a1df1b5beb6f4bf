#!/bin/bash
# Mutual TLS from the command line, with the certificates that docs/limits-and-tls.md tells how to make: the server, our
# clients, and one that is not ours.
set -euo pipefail
server=$PWD/$1 client=$PWD/$2 loadtest=$PWD/$3 grpcurl=$PWD/$4 page=$PWD/$5

fail() {
  printf '%s\n' "FAILED: $*" '--- the server said:' "$(cat err)" >&2
  exit 1
}

# refused COMMAND...: it must fail, and for want of a connection (grpcurl tries until its time is over).
refused() {
  local answer
  ! answer=$(timeout 60 "$@" 2>&1) || fail "was served: $*"
  [[ $answer == *UNAVAILABLE:* || $answer == 'Failed to dial target host'* ]] || fail "$answer"
}

mkdir -p "$TEST_TMPDIR/certificates"
cd "$TEST_TMPDIR/certificates"
: >err
commands=$(awk '/^```/ { inside = $0 == "```sh certificates"; next } inside' "$page")
[[ $commands == *openssl* ]] || fail "$page has no block of certificates"
bash -euo pipefail -c "$commands" >made 2>&1 || fail "$(cat made)"

"$server" --listen=127.0.0.1:0 --backend=constant:1ms --tls-cert=server.pem --tls-key=server.key --tls-client-ca=ca.pem 2>err &
pid=$!
trap 'kill -KILL $pid 2>/dev/null' EXIT
deadline=$((SECONDS + 30))
until read -r line <err; do
  kill -0 "$pid" 2>/dev/null && ((SECONDS < deadline)) || fail 'the server does not serve'
done
target=${line#serving on } target=${target%%: *}

"$grpcurl" -cacert ca.pem -cert client.pem -key client.key "$target" meanwhile.v1.Meanwhile/Fetch >out || fail 'grpcurl'
grep -q '"waited"' out || fail "$(cat out)"
refused "$grpcurl" -connect-timeout 2 -cacert ca.pem "$target" meanwhile.v1.Meanwhile/Fetch
refused "$grpcurl" -connect-timeout 2 -plaintext "$target" meanwhile.v1.Meanwhile/Fetch

own=(--cacert=ca.pem --cert=client.pem --key=client.key)
"$client" health "$target" "${own[@]}" | grep -q '"SERVING"' || fail 'client health'
"$client" fetch "$target" "${own[@]}" --authority=localhost --payload=hello | grep -q '"aGVsbG8="' || fail 'client fetch'
refused "$client" fetch "$target" "${own[@]}" --authority=other.example
refused "$client" fetch "$target" --cacert=ca.pem
refused "$client" fetch "$target" --tls
refused "$client" fetch "$target"

"$loadtest" run "$target" "${own[@]}" -c 4 --connections=2 -n 100 --json=run.json >out || (($? == 106)) || fail 'loadtest'
grep -q '"model": *"async"' run.json || fail "$(cat run.json)"

kill -TERM "$pid"
wait "$pid" || fail "the server ended with $?"
trap - EXIT
