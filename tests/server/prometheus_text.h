// PrometheusText: what a server shows at /metrics, fetched over HTTP and read strictly: a line that Prometheus would
// refuse, or that promtool would complain of, fails the test.
//
// Thread: a test's.

#ifndef MEANWHILE_TESTS_SERVER_PROMETHEUS_TEXT_H_
#define MEANWHILE_TESTS_SERVER_PROMETHEUS_TEXT_H_

#include <map>
#include <set>
#include <string>

namespace meanwhile {

class PrometheusText {
 public:
  // Checks the text: see above.
  explicit PrometheusText(const std::string& text);

  // Asks `http://127.0.0.1:PORT/metrics`.
  static PrometheusText Fetch(const std::string& url);

  // The families, by name.
  const std::set<std::string>& names() const { return names_; }

  // The value of one series, as it is written: `meanwhile_calls_total{method="Fetch",code="OK"}`. Fails the test when
  // there is none.
  double Value(const std::string& series) const;
  bool Has(const std::string& series) const { return values_.count(series) > 0; }

 private:
  void ReadLine(const std::string& line);
  void ReadSample(const std::string& line);
  void CheckHistograms() const;

  std::set<std::string> names_;
  std::map<std::string, std::string> types_;
  std::map<std::string, double> values_;
};

// The body of `http://HOST:PORT/PATH`; the test fails when the status is not 200.
std::string FetchHttp(const std::string& url);

}  // namespace meanwhile

#endif  // MEANWHILE_TESTS_SERVER_PROMETHEUS_TEXT_H_
