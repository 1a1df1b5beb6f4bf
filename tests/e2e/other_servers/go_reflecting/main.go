// A gRPC server in Go with services that gRPC's Go library brings, health and testing, and with reflection.
//
// UnaryCall answers with the request's payload, or with the status that the request asks for; StreamingInputCall with
// the sum of the payloads' sizes; StreamingOutputCall with a payload of each size that is asked for;
// FullDuplexCall with one for each size in each request. Listens on the address that is its argument, or on a free port of
// the loopback; prints where it serves, and serves until it is killed.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"
)

type testService struct {
	pb.UnimplementedTestServiceServer
}

func (testService) UnaryCall(_ context.Context, request *pb.SimpleRequest) (*pb.SimpleResponse, error) {
	if wanted := request.GetResponseStatus(); wanted.GetCode() != 0 {
		return nil, status.Error(codes.Code(wanted.GetCode()), wanted.GetMessage())
	}
	return &pb.SimpleResponse{Payload: request.GetPayload(), Username: "go"}, nil
}

func (testService) StreamingInputCall(stream pb.TestService_StreamingInputCallServer) error {
	sum := 0
	for {
		request, err := stream.Recv()
		if err == io.EOF {
			return stream.SendAndClose(&pb.StreamingInputCallResponse{AggregatedPayloadSize: int32(sum)})
		}
		if err != nil {
			return err
		}
		sum += len(request.GetPayload().GetBody())
	}
}

type sender interface {
	Send(*pb.StreamingOutputCallResponse) error
}

func answer(stream sender, request *pb.StreamingOutputCallRequest) error {
	for _, wanted := range request.GetResponseParameters() {
		payload := &pb.Payload{Body: make([]byte, wanted.GetSize())}
		if err := stream.Send(&pb.StreamingOutputCallResponse{Payload: payload}); err != nil {
			return err
		}
	}
	return nil
}

func (testService) StreamingOutputCall(request *pb.StreamingOutputCallRequest,
	stream pb.TestService_StreamingOutputCallServer) error {
	return answer(stream, request)
}

func (testService) FullDuplexCall(stream pb.TestService_FullDuplexCallServer) error {
	for {
		request, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := answer(stream, request); err != nil {
			return err
		}
	}
}

func main() {
	address := "127.0.0.1:0"
	if len(os.Args) > 1 {
		address = os.Args[1]
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	server := grpc.NewServer()
	pb.RegisterTestServiceServer(server, testService{})
	healthpb.RegisterHealthServer(server, health.NewServer())
	reflection.RegisterV1(server)
	fmt.Fprintf(os.Stderr, "serving on %s\n", listener.Addr())
	server.Serve(listener)
}
