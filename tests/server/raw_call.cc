#include "tests/server/raw_call.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/impl/codegen/client_unary_call.h>
#include <grpcpp/support/byte_buffer.h>
#include <gtest/gtest.h>

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace meanwhile {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MessageFactory;
using google::protobuf::MethodDescriptor;

std::unique_ptr<Message> NewMessage(const google::protobuf::Descriptor* type) {
  return std::unique_ptr<Message>(MessageFactory::generated_factory()->GetPrototype(type)->New());
}

void MaskDurations(Message* message) {
  const google::protobuf::Reflection* reflection = message->GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(*message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->message_type() != google::protobuf::Duration::descriptor()) continue;
    if (field->is_repeated()) {
      for (int i = 0; i < reflection->FieldSize(*message, field); ++i) {
        reflection->MutableRepeatedMessage(message, field, i)->Clear();
      }
    } else {
      reflection->MutableMessage(message, field)->Clear();
    }
  }
}

std::string Shown(const MethodDescriptor* method, const grpc::ByteBuffer& bytes) {
  std::vector<grpc::Slice> slices;
  EXPECT_TRUE(bytes.Dump(&slices).ok());
  std::string text;
  for (const grpc::Slice& slice : slices) text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  const std::unique_ptr<Message> response = NewMessage(method->output_type());
  EXPECT_TRUE(response->ParseFromString(text));
  MaskDurations(response.get());
  text = response->ShortDebugString();
  return text.size() <= 200 ? text : absl::StrCat(text.size(), " characters");
}

}  // namespace

std::string Serialized(const std::string& method, const std::string& text) {
  const MethodDescriptor* descriptor = DescriptorPool::generated_pool()->FindMethodByName(method);
  if (descriptor == nullptr) return text;
  const std::unique_ptr<Message> request = NewMessage(descriptor->input_type());
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, request.get())) << text;
  return request->SerializeAsString();
}

std::string CallRaw(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                    const std::string& request, absl::Duration timeout) {
  std::string path = absl::StrCat("/", method);
  path[path.rfind('.')] = '/';
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
  const grpc::Slice slice(request);
  grpc::ByteBuffer response;
  const grpc::Status status = grpc::internal::BlockingUnaryCall(
      channel.get(), grpc::internal::RpcMethod(path.c_str(), grpc::internal::RpcMethod::NORMAL_RPC), &context,
      grpc::ByteBuffer(&slice, 1), &response);
  const std::string code = absl::StatusCodeToString(static_cast<absl::StatusCode>(status.error_code()));
  if (!status.ok()) return absl::StrCat(code, " ", status.error_message());
  return absl::StrCat(code, " ", Shown(DescriptorPool::generated_pool()->FindMethodByName(method), response));
}

}  // namespace meanwhile
