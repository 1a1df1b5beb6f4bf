#!/usr/bin/python3
"""A gRPC server in Python that answers Meanwhile's methods, each of another kind, with what it was sent.

Fetch and Exchange answer each message with itself, Watch answers its one message three times, Collect answers with all
its messages, one after another. Of Fetch a request that holds `fail` ends with NOT_FOUND, one that holds `slow` takes a
minute. Messages are taken as bytes: with the payload alone in them, the request is encoded like the response. Prints
where it serves, and serves until it is killed.
"""

import sys
import time
from concurrent import futures

import grpc


def fetch(request, context):
    if b"fail" in request:
        context.abort(grpc.StatusCode.NOT_FOUND, "no such thing: 100% ä")
    if b"slow" in request:
        time.sleep(60)
    return request


def watch(request, _):
    for _ in range(3):
        yield request


def collect(requests, _):
    return b"".join(requests)


def exchange(requests, _):
    yield from requests


def main():
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), options=[("grpc.so_reuseport", 0)])
    methods = {
        "Fetch": grpc.unary_unary_rpc_method_handler(fetch),
        "Watch": grpc.unary_stream_rpc_method_handler(watch),
        "Collect": grpc.stream_unary_rpc_method_handler(collect),
        "Exchange": grpc.stream_stream_rpc_method_handler(exchange),
    }
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("meanwhile.v1.Meanwhile", methods)])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(f"serving on 127.0.0.1:{port}", file=sys.stderr, flush=True)
    server.wait_for_termination()


main()
