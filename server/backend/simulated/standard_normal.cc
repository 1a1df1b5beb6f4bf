#include "server/backend/simulated/standard_normal.h"

#include <array>
#include <cassert>
#include <cmath>
#include <numbers>

namespace meanwhile {
namespace {

// Of a polynomial, the constant term first. The names of AS 241 are a/b, c/d and e/f.
using Coefficients = std::array<double, 8>;

constexpr Coefficients kCentreNumerator = {3.3871328727963666080e+0, 1.3314166789178437745e+2, 1.9715909503065514427e+3,
                                           1.3731693765509461125e+4, 4.5921953931549871457e+4, 6.7265770927008700853e+4,
                                           3.3430575583588128105e+4, 2.5090809287301226727e+3};
constexpr Coefficients kCentreDenominator = {1.0,
                                             4.2313330701600911252e+1,
                                             6.8718700749205790830e+2,
                                             5.3941960214247511077e+3,
                                             2.1213794301586595867e+4,
                                             3.9307895800092710610e+4,
                                             2.8729085735721942674e+4,
                                             5.2264952788528545610e+3};
constexpr Coefficients kTailNumerator = {
    1.42343711074968357734e+0, 4.63033784615654529590e+0, 5.76949722146069140550e+0, 3.64784832476320460504e+0,
    1.27045825245236838258e+0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4};
constexpr Coefficients kTailDenominator = {1.0,
                                           2.05319162663775882187e+0,
                                           1.67638483018380384940e+0,
                                           6.89767334985100004550e-1,
                                           1.48103976427480074590e-1,
                                           1.51986665636164571966e-2,
                                           5.47593808499534494600e-4,
                                           1.05075007164441684324e-9};
constexpr Coefficients kFarTailNumerator = {
    6.65790464350110377720e+0, 5.46378491116411436990e+0, 1.78482653991729133580e+0, 2.96560571828504891230e-1,
    2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7};
constexpr Coefficients kFarTailDenominator = {1.0,
                                              5.99832206555887937690e-1,
                                              1.36929880922735805310e-1,
                                              1.48753612908506148525e-2,
                                              7.86869131145613259100e-4,
                                              1.84631831751005468180e-5,
                                              1.42151175831644588870e-7,
                                              2.04426310338993978564e-15};

double Polynomial(const Coefficients& coefficients, double x) {
  double value = 0;
  for (auto coefficient = coefficients.rbegin(); coefficient != coefficients.rend(); ++coefficient) {
    value = value * x + *coefficient;
  }
  return value;
}

double Ratio(const Coefficients& numerator, const Coefficients& denominator, double x) {
  return Polynomial(numerator, x) / Polynomial(denominator, x);
}

}  // namespace

double StandardNormalDensity(double z) { return std::exp(-z * z / 2) * std::numbers::inv_sqrtpi / std::numbers::sqrt2; }

double StandardNormalProbability(double z) { return std::erfc(-z / std::numbers::sqrt2) / 2; }

double StandardNormalQuantile(double p) {
  assert(p > 0 && p < 1);
  const double from_centre = p - 0.5;
  if (std::abs(from_centre) <= 0.425) {
    return from_centre * Ratio(kCentreNumerator, kCentreDenominator, 0.180625 - from_centre * from_centre);
  }
  const double distance = std::sqrt(-std::log(from_centre < 0 ? p : 1 - p));
  const double magnitude = distance <= 5 ? Ratio(kTailNumerator, kTailDenominator, distance - 1.6)
                                         : Ratio(kFarTailNumerator, kFarTailDenominator, distance - 5);
  return std::copysign(magnitude, from_centre);
}

}  // namespace meanwhile
