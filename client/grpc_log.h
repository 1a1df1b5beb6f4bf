// What gRPC logs by itself, on stderr of a program for people.

#ifndef MEANWHILE_CLIENT_GRPC_LOG_H_
#define MEANWHILE_CLIENT_GRPC_LOG_H_

namespace meanwhile {

// Keeps handshakes that fail out of the log, as our own errors tell of them; GRPC_VERBOSITY in the environment brings
// all back. Before the first use of gRPC.
void LogNoHandshakes();

}  // namespace meanwhile

#endif  // MEANWHILE_CLIENT_GRPC_LOG_H_
