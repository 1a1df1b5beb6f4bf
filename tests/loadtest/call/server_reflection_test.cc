#include "loadtest/call/server_reflection.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "tests/loadtest/call/test_schema.h"

namespace meanwhile {
namespace {

using grpc::reflection::v1::ServerReflectionRequest;
using grpc::reflection::v1::ServerReflectionResponse;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

using Answer = std::function<ServerReflectionResponse(const ServerReflectionRequest&)>;

// A server whose reflection, v1, says what the test wants.
class ReflectingServer final : public grpc::reflection::v1::ServerReflection::Service {
 public:
  // Without an answer it does not serve reflection at all. With a token it answers only those who send it.
  explicit ReflectingServer(Answer answer, std::string token = "")
      : answer_(std::move(answer)), token_(std::move(token)) {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    if (answer_) {
      builder.RegisterService(this);
    } else {
      builder.RegisterCallbackGenericService(&nothing_);
    }
    server_ = builder.BuildAndStart();
    target_ = absl::StrCat("127.0.0.1:", port);
  }
  ~ReflectingServer() override { server_->Shutdown(gpr_now(GPR_CLOCK_MONOTONIC)); }

  const std::string& target() const { return target_; }
  int questions() const { return questions_; }
  const std::string& authority() const { return authority_; }

 private:
  grpc::Status ServerReflectionInfo(
      grpc::ServerContext* context,
      grpc::ServerReaderWriter<ServerReflectionResponse, ServerReflectionRequest>* stream) override {
    const auto token = context->client_metadata().find("token-bin");
    const bool has_token = token != context->client_metadata().end() && token->second == token_;
    if (!token_.empty() && !has_token) return {grpc::StatusCode::UNAUTHENTICATED, "who are you?"};
    const grpc::string_ref authority = context->ExperimentalGetAuthority();
    authority_.assign(authority.data(), authority.size());
    ServerReflectionRequest request;
    while (stream->Read(&request)) {
      ++questions_;
      stream->Write(answer_(request));
    }
    return grpc::Status::OK;
  }

  const Answer answer_;
  const std::string token_;
  std::string authority_;
  std::string target_;
  grpc::CallbackGenericService nothing_;  // Answers UNIMPLEMENTED.
  std::unique_ptr<grpc::Server> server_;
  int questions_ = 0;
};

// Tells about shop.Shop one file at a time.
ServerReflectionResponse TellAboutTheShop(const ServerReflectionRequest& request) {
  static const auto* const kSchema = new std::shared_ptr<const Schema>(TestSchema());
  ServerReflectionResponse response;
  std::string file = request.file_by_filename();
  if (request.has_list_services()) {
    response.mutable_list_services_response()->add_service()->set_name("shop.Shop");
    response.mutable_list_services_response()->add_service()->set_name("grpc.health.v1.Health");
    return response;
  }
  if (request.file_containing_symbol() == "shop.Shop") file = "shop.proto";
  const auto* found = (*kSchema)->pool().FindFileByName(file);
  if (found == nullptr) {
    response.mutable_error_response()->set_error_message("no such thing");
    return response;
  }
  google::protobuf::FileDescriptorProto proto;
  found->CopyTo(&proto);
  *response.mutable_file_descriptor_response()->add_file_descriptor_proto() = proto.SerializeAsString();
  return response;
}

absl::StatusOr<std::shared_ptr<const Schema>> Reflect(const ReflectingServer& server,
                                                      const std::vector<std::string>& services) {
  return ReflectSchema({.targets = {server.target()}, .timeout = absl::Seconds(30)}, services);
}

TEST(ServerReflectionTest, FetchesAServiceWithAllThatItImports) {
  const ReflectingServer server(&TellAboutTheShop);
  const auto schema = Reflect(server, {"shop.Shop"});
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_THAT((*schema)->services(), ElementsAre("grpc.health.v1.Health", "shop.Shop"));
  EXPECT_TRUE(FindMethod(*schema, {"shop.Shop", "Talk", "shop.Shop/Talk"}).ok());
  EXPECT_EQ(server.questions(), 3);  // The list, the service and the one import.
}

TEST(ServerReflectionTest, SaysWhichServicesTheServerHas) {
  const ReflectingServer server(&TellAboutTheShop);
  const auto schema = Reflect(server, {"shop.Store"});
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_EQ(FindMethod(*schema, {"shop.Store", "Buy", "shop.Store/Buy"}).status().message(),
            "shop.Store/Buy: the server has no service shop.Store; there are grpc.health.v1.Health, shop.Shop");
}

TEST(ServerReflectionTest, SaysWhatToDoWithoutReflection) {
  const ReflectingServer server(nullptr);
  const auto schema = Reflect(server, {"shop.Shop"});
  EXPECT_EQ(schema.status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(schema.status().message()), AllOf(HasSubstr(server.target()), HasSubstr("--reflection"),
                                                            HasSubstr("--proto"), HasSubstr("--protoset")));
}

TEST(ServerReflectionTest, HandsOnWhatTheServerSaysIsWrong) {
  const ReflectingServer server(&TellAboutTheShop);
  EXPECT_THAT(std::string(Reflect(server, {"grpc.health.v1.Health"}).status().message()),
              HasSubstr("does not tell about service grpc.health.v1.Health: no such thing"));
}

TEST(ServerReflectionTest, IsNotLedAstrayByAServerThatAnswersNonsense) {
  const ReflectingServer garbage([](const ServerReflectionRequest& request) {
    ServerReflectionResponse response = TellAboutTheShop(request);
    for (auto& file : *response.mutable_file_descriptor_response()->mutable_file_descriptor_proto()) file = "\xff";
    if (request.has_list_services()) return TellAboutTheShop(request);
    return response;
  });
  EXPECT_THAT(std::string(Reflect(garbage, {"shop.Shop"}).status().message()), HasSubstr("cannot be read"));
  const ReflectingServer other([](const ServerReflectionRequest& request) {
    ServerReflectionRequest same;
    same.set_file_containing_symbol("shop.Shop");
    return TellAboutTheShop(request.has_list_services() ? request : same);
  });
  EXPECT_THAT(std::string(Reflect(other, {"shop.Shop"}).status().message()), HasSubstr("with another"));
}

TEST(ServerReflectionTest, AsksWithTheMetadataAndAuthorityOfCalls) {
  const std::string token("\x01\x00\xff", 3);
  const ReflectingServer server(&TellAboutTheShop, token);
  ReflectionOptions options{.targets = {server.target()},
                            .metadata = {{"tenant", "blue"}, {"token-bin", token}},
                            .timeout = absl::Seconds(30)};
  options.credentials.authority = "shop.test";
  const auto schema = ReflectSchema(options, {"shop.Shop"});
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_EQ(server.authority(), "shop.test");

  options.metadata = {{"token-bin", "wrong"}};
  EXPECT_EQ(ReflectSchema(options, {"shop.Shop"}).status(),
            absl::UnauthenticatedError(server.target() + ": reflection: UNAUTHENTICATED: who are you?"));
}

TEST(ServerReflectionTest, AsksTheNextTargetWhenOneCannotBeReached) {
  const ReflectingServer server(&TellAboutTheShop);
  const std::vector<std::string> targets = {"unix:/nobody/is/here", server.target()};
  const auto schema = ReflectSchema({.targets = targets, .timeout = absl::Seconds(3)}, {"shop.Shop"});
  EXPECT_TRUE(schema.ok()) << schema.status();

  const ReflectingServer refuses(&TellAboutTheShop, "token");
  const std::vector<std::string> refusing = {refuses.target(), server.target()};
  const auto refused = ReflectSchema({.targets = refusing, .timeout = absl::Seconds(30)}, {"shop.Shop"});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kUnauthenticated) << "one that refuses has been reached";
}

TEST(ServerReflectionTest, NamesEachTargetThatCannotBeReached) {
  const auto schema = ReflectSchema(
      {.targets = {"unix:/nobody/is/here", "unix:/nor/here"}, .timeout = absl::Milliseconds(50)}, {"a.B"});
  EXPECT_EQ(schema.status(),
            absl::UnavailableError("cannot connect to unix:/nobody/is/here within 50ms: No such file or directory; "
                                   "cannot connect to unix:/nor/here within 50ms: No such file or directory"));
}

}  // namespace
}  // namespace meanwhile
