// RandomBits is a stream of random numbers that costs a few instructions a number: the xoshiro256++ generator of
// D. Blackman and S. Vigna ("Scrambled Linear Pseudorandom Number Generators", ACM TOMS 47, 2021), with its 256 bits of
// state filled by SplitMix64 as they advise. It is not for secrets.
//
// The owner is whoever draws; one thread at a time. Copying it copies the stream: both go on with the same numbers.
#ifndef MEANWHILE_SERVER_BACKEND_SIMULATED_RANDOM_BITS_H_
#define MEANWHILE_SERVER_BACKEND_SIMULATED_RANDOM_BITS_H_

#include <array>
#include <bit>
#include <cstdint>

namespace meanwhile {

class RandomBits {
 public:
  // The same `seed` and `stream` always give the same numbers, on every machine. Streams of one seed differ.
  RandomBits(uint64_t seed, uint64_t stream) {
    uint64_t counter = seed;
    counter = SplitMix64(counter) + stream;
    for (uint64_t& word : state_) word = SplitMix64(counter);
  }

  // The next 64 random bits.
  uint64_t Next() {
    const uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
    const uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  // A number between 0 and 1, never 0 and never 1. It takes 52 bits and stands in the middle of its step: with 53 the
  // last one would round to 1.
  double NextFraction() { return (static_cast<double>(Next() >> 12) + 0.5) * 0x1p-52; }

 private:
  // One step of SplitMix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014).
  static uint64_t SplitMix64(uint64_t& counter) {
    uint64_t word = counter += 0x9e3779b97f4a7c15;
    word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9;
    word = (word ^ (word >> 27)) * 0x94d049bb133111eb;
    return word ^ (word >> 31);
  }

  std::array<uint64_t, 4> state_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_BACKEND_SIMULATED_RANDOM_BITS_H_
