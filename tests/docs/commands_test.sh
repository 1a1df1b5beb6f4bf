#!/bin/bash
# Runs the commands that the pages show, with the binaries that they name: commands_test.sh PAGE...
#
# A block that begins with ```sh server starts a server, which runs until the test ends; each ```sh test block must then
# end with exit code 0. They run in a folder where what a checkout offers stands in its place: bazelw runs what Bazel has
# built for the test, on another port, and shortens what takes long.
set -euo pipefail
built=$PWD
checkout=$TEST_TMPDIR/checkout
server_pid=

fail() {
  printf '%s\n' "FAILED: $*" '--- the server said:' "$(cat "$TEST_TMPDIR/server.err" 2>/dev/null)" >&2
  exit 1
}

stop_server() {
  [[ -n $server_pid ]] || return 0
  kill "$server_pid" 2>/dev/null
  wait "$server_pid"
}
trap stop_server EXIT

make_checkout() {
  mkdir -p "$checkout/bazel/tools" "$TEST_TMPDIR/bin"
  ln -s "$built" "$checkout/bazel-bin"
  ln -s "$built/bazel/tools/grpcurl" "$checkout/bazel/tools/grpcurl"
  cat >"$checkout/bazelw" <<'END'
#!/bin/bash
# bazelw run //NAME -- ARGUMENT...
[[ $1 == run && $2 == //* && $3 == -- ]] || { echo "bazelw $*: not a command of this test" >&2; exit 2; }
name=${2#//} arguments=()
shift 3
command="$name ${1-}"
while (($# > 0)); do
  case $command,$1 in
    'loadtest '*,-z | 'loadtest compare',-c) shift ;;
    'loadtest '*,--warmup=* | 'loadtest compare',--rounds=*) ;;
    *) arguments+=("$1") ;;
  esac
  shift
done
case $command in
  'loadtest run') arguments+=(--warmup=100ms -z 300ms) ;;
  'loadtest search') arguments+=(--warmup=100ms -z 300ms --to=200 --repeats=1 --max-dispatch-delay=1h) ;;
  'loadtest compare') arguments+=(--warmup=100ms -z 300ms --rounds=1 -c 20) ;;
  'server '*) arguments+=(--listen=127.0.0.1:0) ;;
esac
exec "bazel-bin/$name/$name" "${arguments[@]}"
END
  chmod +x "$checkout/bazelw"
  # No package that the build takes brings jq; without it the commands before a pipe into it are run all the same.
  if ! command -v jq >/dev/null; then
    printf '#!/bin/bash\nexec cat >/dev/null\n' >"$TEST_TMPDIR/bin/jq"
    chmod +x "$TEST_TMPDIR/bin/jq"
  fi
}

# blocks KIND PAGE: the blocks that begin with ```KIND, a NUL after each.
blocks() {
  awk -v head='```'"$1" '/^```/ { if (inside) printf "%c", 0; inside = !inside && $0 == head; next } inside' "$2"
}

start_server() {
  : >"$TEST_TMPDIR/server.err"  # Read below perhaps before the server has opened it.
  bash -c "exec $1" 2>"$TEST_TMPDIR/server.err" &
  server_pid=$!
  for ((look = 0; look < 600; ++look)); do
    port=$(sed -nE 's/^serving on 127\.0\.0\.1:([0-9]+): .*/\1/p' "$TEST_TMPDIR/server.err")
    [[ -z $port ]] || return 0
    kill -0 "$server_pid" 2>/dev/null || fail "it ended: $1"
    sleep 0.1
  done
  fail "it does not serve: $1"
}

make_checkout
export PATH=$TEST_TMPDIR/bin:$PATH
cd "$checkout"

mapfile -d '' servers < <(for page; do blocks 'sh server' "$built/$page"; done)
((${#servers[@]} == 1)) || fail "${#servers[@]} blocks start a server, not one"
start_server "${servers[0]}"

for page; do
  mapfile -d '' shown < <(blocks 'sh test' "$built/$page")
  ((${#shown[@]} > 0)) || fail "$page shows no command to test"
  for commands in "${shown[@]}"; do
    echo "--- $page: $commands"
    # An address and not its name: LeakSanitizer finds a leak in c-ares, which looks names up.
    bash -euo pipefail -c "${commands//localhost:50051/127.0.0.1:$port}" </dev/null || fail "exit code $? in $page: $commands"
  done
done

kill "$server_pid"
wait "$server_pid" || fail "the server ended with $?"
server_pid=
