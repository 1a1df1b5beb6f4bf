// A gRPC server in Go that answers Meanwhile.Fetch: with the request's payload, with an error, or never.
//
// A request that holds "fail" ends with NOT_FOUND, one that holds "slow" takes a minute. Messages are taken as bytes:
// with the payload alone in them, the request is encoded like the response. Prints where it serves, and serves until it
// is killed.
package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// rawCodec hands messages on as they are.
type rawCodec struct{}

func (rawCodec) Marshal(message any) ([]byte, error) { return *message.(*[]byte), nil }
func (rawCodec) Unmarshal(data []byte, message any) error {
	*message.(*[]byte) = append([]byte(nil), data...)
	return nil
}
func (rawCodec) Name() string { return "raw" }

func serve(_ any, stream grpc.ServerStream) error {
	if method, _ := grpc.MethodFromServerStream(stream); method != "/meanwhile.v1.Meanwhile/Fetch" {
		return status.Errorf(codes.Unimplemented, "unknown method %s", method)
	}
	var request []byte
	if err := stream.RecvMsg(&request); err != nil {
		return err
	}
	if bytes.Contains(request, []byte("fail")) {
		return status.Error(codes.NotFound, "no such thing: 100% ä")
	}
	if bytes.Contains(request, []byte("slow")) {
		select {
		case <-time.After(time.Minute):
		case <-stream.Context().Done():
			return stream.Context().Err()
		}
	}
	return stream.SendMsg(&request)
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	server := grpc.NewServer(grpc.UnknownServiceHandler(serve), grpc.ForceServerCodec(rawCodec{}))
	fmt.Fprintf(os.Stderr, "serving on %s\n", listener.Addr())
	server.Serve(listener)
}
