// A run as a measurement among others: what a RunReport has of a Cell. Pure function, any thread.
#ifndef MEANWHILE_LOADTEST_REPORT_RUN_CELL_H_
#define MEANWHILE_LOADTEST_REPORT_RUN_CELL_H_

#include "meanwhile/v1/report.pb.h"

namespace meanwhile {

v1::Cell CellOf(const v1::RunReport& report);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_REPORT_RUN_CELL_H_
