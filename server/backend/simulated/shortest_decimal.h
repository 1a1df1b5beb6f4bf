// How a spec writes a number: the shortest decimal that reads back as the same double (0.01, not
// 0.01000000000000000021).
#ifndef MEANWHILE_SERVER_BACKEND_SIMULATED_SHORTEST_DECIMAL_H_
#define MEANWHILE_SERVER_BACKEND_SIMULATED_SHORTEST_DECIMAL_H_

#include <charconv>
#include <string>

namespace meanwhile {

inline std::string ShortestDecimal(double number) {
  char text[32];  // The longest, -2.2250738585072014e-308, has 24 characters.
  return std::string(text, std::to_chars(text, text + sizeof(text), number).ptr);
}

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_BACKEND_SIMULATED_SHORTEST_DECIMAL_H_
