"""An aspect that runs clang-tidy over the C++ sources of a target, as `bazel/tidy` asks for it.

As each file is an action, only what changed is looked at again.
"""

def _flags(target, ctx):
    context = target[CcInfo].compilation_context
    flags = ["-xc++", "-Wall", "-Wextra"] + ctx.fragments.cpp.cxxopts
    for define in context.defines.to_list() + context.local_defines.to_list():
        flags.append("-D" + define)
    for option, directories in [
        ("-iquote", context.quote_includes),
        ("-I", context.includes),
        ("-isystem", context.system_includes),
    ]:
        for directory in directories.to_list():
            flags.extend([option, directory])
    return flags

def _tidy_impl(target, ctx):
    if CcInfo not in target or not hasattr(ctx.rule.attr, "srcs"):
        return []
    reports = []
    for source in [f for src in ctx.rule.attr.srcs for f in src.files.to_list()]:
        if not source.is_source or source.extension != "cc" or source.owner.workspace_name:
            continue
        report = ctx.actions.declare_file("%s.%s.tidy" % (ctx.label.name, source.basename))
        ctx.actions.run_shell(
            # On failure only the findings, not how many there are in other people's headers.
            command = 'out=$1 && shift && clang-tidy-16 --quiet "$@" >"$out" 2>&1 || ' +
                      "{ grep -Ev 'warnings? (generated|treated)|^Suppressed|^Use -' \"$out\" >&2; exit 1; }",
            arguments = [report.path, source.path, "--"] + _flags(target, ctx),
            inputs = depset(
                [source, ctx.file._config],
                transitive = [target[CcInfo].compilation_context.headers],
            ),
            outputs = [report],
            use_default_shell_env = True,
            mnemonic = "ClangTidy",
            progress_message = "Tidying " + source.short_path,
        )
        reports.append(report)
    return [OutputGroupInfo(tidy = depset(reports))]

tidy = aspect(
    implementation = _tidy_impl,
    attrs = {"_config": attr.label(default = "//:.clang-tidy", allow_single_file = True)},
    fragments = ["cpp"],
)
