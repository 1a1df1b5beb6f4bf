"""cc_grpc_library: from .proto files to C++ messages, gRPC stubs and a descriptor set."""

ProtoSourcesInfo = provider(
    doc = "The .proto files of a library and of all that it imports.",
    fields = {
        "sources": "depset of .proto files",
        "roots": "depset of import roots, as paths",
    },
)

def _root_of(file, strip_import_prefix, package):
    """Returns the directory that the imports of `file` are relative to."""
    parts = [file.owner.workspace_root, package, strip_import_prefix]
    return "/".join([part for part in parts if part]) or "."

def _grpc_codegen_impl(ctx):
    roots, sources, outputs = [], [], []
    for source in ctx.files.srcs:
        root = _root_of(source, ctx.attr.strip_import_prefix, source.owner.package)
        if not source.path.startswith(root + "/"):
            fail("%s is not under %s" % (source.path, root))
        roots.append(root)
        sources.append(source)
        stem = source.path[len(root) + 1:-len(".proto")]
        for suffix in [".pb.h", ".pb.cc", ".grpc.pb.h", ".grpc.pb.cc"]:
            outputs.append(ctx.actions.declare_file(stem + suffix))
    descriptors = ctx.actions.declare_file(ctx.label.name + ".protoset")

    imports = [dep[ProtoSourcesInfo] for dep in ctx.attr.deps]
    all_roots = depset(roots, transitive = [i.roots for i in imports])
    all_sources = depset(sources, transitive = [i.sources for i in imports])

    out_dir = "/".join([part for part in [ctx.bin_dir.path, ctx.label.workspace_root, ctx.label.package] if part])
    arguments = ctx.actions.args()
    arguments.add_all(all_roots, before_each = "-I")
    arguments.add(ctx.file._grpc_cpp_plugin.path, format = "--plugin=protoc-gen-grpc=%s")
    arguments.add("--cpp_out=" + out_dir)
    arguments.add("--grpc_out=" + out_dir)
    arguments.add("--descriptor_set_out=" + descriptors.path)
    arguments.add("--include_imports")
    arguments.add_all(sources)
    ctx.actions.run(
        executable = ctx.file._protoc,
        arguments = [arguments],
        inputs = depset(
            [ctx.file._grpc_cpp_plugin] + ctx.files._well_known_protos,
            transitive = [all_sources],
        ),
        outputs = outputs + [descriptors],
        mnemonic = "GrpcCodegen",
        progress_message = "Generating C++ of %{label}",
    )
    return [
        DefaultInfo(files = depset(outputs)),
        OutputGroupInfo(
            headers = depset([f for f in outputs if f.extension == "h"]),
            sources = depset([f for f in outputs if f.extension == "cc"]),
            protoset = depset([descriptors]),
        ),
        ProtoSourcesInfo(sources = all_sources, roots = all_roots),
    ]

_grpc_codegen = rule(
    implementation = _grpc_codegen_impl,
    attrs = {
        "srcs": attr.label_list(allow_files = [".proto"], mandatory = True),
        "deps": attr.label_list(providers = [ProtoSourcesInfo]),
        "strip_import_prefix": attr.string(),
        "_protoc": attr.label(default = "@debian//:bin/protoc", allow_single_file = True),
        "_grpc_cpp_plugin": attr.label(default = "@debian//:bin/grpc_cpp_plugin", allow_single_file = True),
        "_well_known_protos": attr.label(default = "@debian//:protobuf_well_known_protos"),
    },
)

def cc_grpc_library(name, srcs, deps = [], strip_import_prefix = "", visibility = None):
    """C++ messages and gRPC stubs of some .proto files.

    Besides the library `name` there is `name_protoset`: a FileDescriptorSet of the files and of all they import, for
    tools that take a schema from a file.

    Args:
      name: name of the C++ library.
      srcs: .proto files of this package, or labels of files elsewhere.
      deps: cc_grpc_library targets whose .proto files these import.
      strip_import_prefix: what to take off each file's path, from its package on, to get the path it is imported by.
      visibility: of both targets.
    """
    codegen = name + "_codegen"
    _grpc_codegen(
        name = codegen,
        srcs = srcs,
        deps = [dep + "_codegen" for dep in deps],
        strip_import_prefix = strip_import_prefix,
        visibility = visibility,
    )
    for group in ["headers", "sources", "protoset"]:
        native.filegroup(
            name = name + "_" + group,
            srcs = [":" + codegen],
            output_group = group,
            visibility = visibility,
        )
    native.cc_library(
        name = name,
        srcs = [":" + name + "_sources"],
        hdrs = [":" + name + "_headers"],
        includes = ["."],
        visibility = visibility,
        deps = deps + ["@debian//:grpc"],
    )
