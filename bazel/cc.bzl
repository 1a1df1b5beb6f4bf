"""C++ rules with this project's compiler options: the native rules under names of their own.

Warnings are errors here, and only here: generated code is compiled by cc_grpc_library without them.
"""

COPTS = [
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Woverloaded-virtual",
    "-Wunused",
    "-Werror",
    # GCC 12 takes the frames of inlined coroutines for mismatched new and delete.
    "-Wno-mismatched-new-delete",
]

def mw_cc_library(name, copts = [], **kwargs):
    native.cc_library(name = name, copts = COPTS + copts, **kwargs)

def mw_cc_binary(name, copts = [], **kwargs):
    native.cc_binary(name = name, copts = COPTS + copts, **kwargs)

def mw_sources(others = []):
    """The C++ sources of a package, as `:sources`, for tests that read them.

    Args:
      others: of which packages below they are part, too.
    """
    native.filegroup(
        name = "sources",
        srcs = native.glob([
            "*.cc",
            "*.h",
        ]) + others,
    )

def mw_cc_test(name, copts = [], deps = [], size = "small", **kwargs):
    """A GoogleTest; `gtest_main` is added.

    Args:
      name: name of the target.
      copts: more compiler options.
      deps: what is tested.
      size: Bazel's test size; it sets the time limit.
      **kwargs: handed on to cc_test.
    """
    native.cc_test(
        name = name,
        size = size,
        copts = COPTS + copts,
        deps = deps + ["@debian//:gtest_main"],
        **kwargs
    )

def mw_cc_benchmark(name, copts = [], deps = [], **kwargs):
    """A Google Benchmark binary. It is no test: speed is measured, never asserted."""
    native.cc_binary(
        name = name,
        testonly = True,
        copts = COPTS + copts,
        deps = deps + ["@debian//:benchmark"],
        **kwargs
    )

def mw_cc_fuzz_test(name, runs, copts = [], **kwargs):
    """A libFuzzer target: it takes clang, so it is built and run with --config=fuzz only.

    Args:
      name: name of the target.
      runs: how many inputs to try.
      copts: more compiler options.
      **kwargs: handed on to cc_test.
    """
    native.cc_test(
        name = name,
        copts = COPTS + copts,
        linkopts = ["-fsanitize=fuzzer"],
        args = [
            "-runs=%d" % runs,
            "-seed=1",
            "-max_len=4096",
            "-print_final_stats=1",
        ],
        tags = ["manual"],
        **kwargs
    )
