// The four kinds of RPC on the server's side: how a call of each is asked for, handed to its handler and finished. A
// Method (server_call.h) does the rest, which is the same for all.
//
// kReadsStream: a failed Read does not tell whether the client has no more messages or is gone. So the handler of such
// a call may return OK to nobody, and only the end of Finish tells.
//
// request(): the one message that the client sends; null where it sends a stream of them.
//
// Each is made for one call, and lives as long; its Messages, where gRPC reads the request and the handler writes the
// response, are the slot's and outlive it. Thread: the loop's; Handle of a unary call, any.

#ifndef MEANWHILE_ASYNC_RPC_KINDS_H_
#define MEANWHILE_ASYNC_RPC_KINDS_H_

#include <google/protobuf/message.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/support/async_stream.h>
#include <grpcpp/support/async_unary_call.h>

#include <type_traits>

#include "async/call_context.h"
#include "async/kept_message.h"
#include "async/stream.h"

namespace meanwhile::async {

// Handler: (CallContext&, const Request&, Response*).
template <typename Request, typename Response>
class UnaryRpc {
 public:
  static constexpr bool kReadsStream = false;
  using Stream = grpc::ServerAsyncResponseWriter<Response>;
  struct Messages {
    KeptMessage<Request> request;
    KeptMessage<Response> response;

    void Clear() {
      request.Clear();
      response.Clear();
    }
  };
  template <typename Service>
  using RequestMember = void (Service::*)(grpc::ServerContext*, Request*, Stream*, grpc::CompletionQueue*,
                                          grpc::ServerCompletionQueue*, void*);
  template <typename Handler>
  using HandlerResult = std::invoke_result_t<Handler&, CallContext&, const Request&, Response*>;

  UnaryRpc(CallContext* call, Messages* messages)
      : request_(messages->request.get()), response_(messages->response.get()), stream_(&call->server_context()) {}

  template <typename Service>
  void Ask(Service* service, RequestMember<Service> member, CallContext* call, grpc::ServerCompletionQueue* queue,
           void* tag) {
    (service->*member)(&call->server_context(), request_, &stream_, queue, queue, tag);
  }
  template <typename Handler>
  auto Handle(Handler& handler, CallContext& call) {
    return handler(call, *request_, response_);
  }
  const google::protobuf::Message* request() const { return request_; }
  void Finish(const grpc::Status& status, void* tag) { stream_.Finish(*response_, status, tag); }

 private:
  Request* request_;
  Response* response_;
  Stream stream_;
};

// Handler: (CallContext&, const Request&, ServerWriter<Response>&).
template <typename Request, typename Response>
class ServerStreamingRpc {
 public:
  static constexpr bool kReadsStream = false;
  using Stream = grpc::ServerAsyncWriter<Response>;
  struct Messages {
    KeptMessage<Request> request;

    void Clear() { request.Clear(); }
  };
  template <typename Service>
  using RequestMember = void (Service::*)(grpc::ServerContext*, Request*, Stream*, grpc::CompletionQueue*,
                                          grpc::ServerCompletionQueue*, void*);
  template <typename Handler>
  using HandlerResult = std::invoke_result_t<Handler&, CallContext&, const Request&, ServerWriter<Response>&>;

  ServerStreamingRpc(CallContext* call, Messages* messages)
      : request_(messages->request.get()),
        stream_(&call->server_context()),
        writer_(&call->loop(), &call->server_context(), &stream_) {}

  template <typename Service>
  void Ask(Service* service, RequestMember<Service> member, CallContext* call, grpc::ServerCompletionQueue* queue,
           void* tag) {
    (service->*member)(&call->server_context(), request_, &stream_, queue, queue, tag);
  }
  template <typename Handler>
  auto Handle(Handler& handler, CallContext& call) {
    return handler(call, *request_, writer_);
  }
  const google::protobuf::Message* request() const { return request_; }
  void Finish(const grpc::Status& status, void* tag) { stream_.Finish(status, tag); }

 private:
  Request* request_;
  Stream stream_;
  ServerWriter<Response> writer_;
};

// Handler: (CallContext&, ServerReader<Request>&, Response*).
template <typename Request, typename Response>
class ClientStreamingRpc {
 public:
  static constexpr bool kReadsStream = true;
  using Stream = grpc::ServerAsyncReader<Response, Request>;
  struct Messages {
    KeptMessage<Response> response;

    void Clear() { response.Clear(); }
  };
  template <typename Service>
  using RequestMember = void (Service::*)(grpc::ServerContext*, Stream*, grpc::CompletionQueue*,
                                          grpc::ServerCompletionQueue*, void*);
  template <typename Handler>
  using HandlerResult = std::invoke_result_t<Handler&, CallContext&, ServerReader<Request>&, Response*>;

  ClientStreamingRpc(CallContext* call, Messages* messages)
      : response_(messages->response.get()),
        stream_(&call->server_context()),
        reader_(&call->loop(), &call->server_context(), &stream_) {}

  template <typename Service>
  void Ask(Service* service, RequestMember<Service> member, CallContext* call, grpc::ServerCompletionQueue* queue,
           void* tag) {
    (service->*member)(&call->server_context(), &stream_, queue, queue, tag);
  }
  template <typename Handler>
  auto Handle(Handler& handler, CallContext& call) {
    return handler(call, reader_, response_);
  }
  const google::protobuf::Message* request() const { return nullptr; }
  void Finish(const grpc::Status& status, void* tag) { stream_.Finish(*response_, status, tag); }

 private:
  Response* response_;
  Stream stream_;
  ServerReader<Request> reader_;
};

// Handler: (CallContext&, ServerReaderWriter<Request, Response>&).
template <typename Request, typename Response>
class BidirectionalRpc {
 public:
  static constexpr bool kReadsStream = true;
  using Stream = grpc::ServerAsyncReaderWriter<Response, Request>;
  struct Messages {
    void Clear() {}
  };
  template <typename Service>
  using RequestMember = void (Service::*)(grpc::ServerContext*, Stream*, grpc::CompletionQueue*,
                                          grpc::ServerCompletionQueue*, void*);
  template <typename Handler>
  using HandlerResult = std::invoke_result_t<Handler&, CallContext&, ServerReaderWriter<Request, Response>&>;

  BidirectionalRpc(CallContext* call, Messages* /*messages*/)
      : stream_(&call->server_context()), reader_writer_(&call->loop(), &call->server_context(), &stream_) {}

  template <typename Service>
  void Ask(Service* service, RequestMember<Service> member, CallContext* call, grpc::ServerCompletionQueue* queue,
           void* tag) {
    (service->*member)(&call->server_context(), &stream_, queue, queue, tag);
  }
  template <typename Handler>
  auto Handle(Handler& handler, CallContext& call) {
    return handler(call, reader_writer_);
  }
  const google::protobuf::Message* request() const { return nullptr; }
  void Finish(const grpc::Status& status, void* tag) { stream_.Finish(status, tag); }

 private:
  Stream stream_;
  ServerReaderWriter<Request, Response> reader_writer_;
};

}  // namespace meanwhile::async

#endif  // MEANWHILE_ASYNC_RPC_KINDS_H_
