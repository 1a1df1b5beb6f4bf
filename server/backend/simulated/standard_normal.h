// The standard normal distribution (mean 0, standard deviation 1) in the three functions that the latency distributions
// are made of. Pure functions; any thread.
#ifndef MEANWHILE_SERVER_BACKEND_SIMULATED_STANDARD_NORMAL_H_
#define MEANWHILE_SERVER_BACKEND_SIMULATED_STANDARD_NORMAL_H_

namespace meanwhile {

// The density at `z`: exp(-z²/2) / √(2π).
double StandardNormalDensity(double z);

// The probability of a value up to `z`: erfc(-z/√2) / 2, precise in both tails.
double StandardNormalProbability(double z);

// The value that a share `p` of all values does not exceed; the inverse of StandardNormalProbability, to about 1 part
// in 10^16. REQUIRES: 0 < p < 1.
//
// Source: M. J. Wichura, "Algorithm AS 241: The Percentage Points of the Normal Distribution", Applied Statistics 37
// (1988), routine PPND16.
double StandardNormalQuantile(double p);

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_BACKEND_SIMULATED_STANDARD_NORMAL_H_
