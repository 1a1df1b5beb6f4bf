// A gRPC server in Go that answers Meanwhile's methods, each of another kind, with what it was sent.
//
// Fetch and Exchange answer each message with itself, Watch answers its one message three times, Collect answers with
// all its messages, one after another. Of Fetch a request that holds "fail" ends with NOT_FOUND, one that holds "slow"
// takes a minute. Messages are taken as bytes: with the payload alone in them, the request is encoded like the response.
// Prints where it serves, and serves until it is killed.
package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip" // For what comes compressed.
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
	method, _ := grpc.MethodFromServerStream(stream)
	switch method {
	case "/meanwhile.v1.Meanwhile/Fetch":
		return fetch(stream)
	case "/meanwhile.v1.Meanwhile/Watch":
		return watch(stream)
	case "/meanwhile.v1.Meanwhile/Collect":
		return collect(stream)
	case "/meanwhile.v1.Meanwhile/Exchange":
		return exchange(stream)
	}
	return status.Errorf(codes.Unimplemented, "unknown method %s", method)
}

func watch(stream grpc.ServerStream) error {
	var request []byte
	if err := stream.RecvMsg(&request); err != nil {
		return err
	}
	for i := 0; i < 3; i++ {
		if err := stream.SendMsg(&request); err != nil {
			return err
		}
	}
	return nil
}

func collect(stream grpc.ServerStream) error {
	var all []byte
	for {
		var message []byte
		if err := stream.RecvMsg(&message); err == io.EOF {
			return stream.SendMsg(&all)
		} else if err != nil {
			return err
		}
		all = append(all, message...)
	}
}

func exchange(stream grpc.ServerStream) error {
	for {
		var message []byte
		if err := stream.RecvMsg(&message); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := stream.SendMsg(&message); err != nil {
			return err
		}
	}
}

func fetch(stream grpc.ServerStream) error {
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
