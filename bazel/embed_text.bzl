"""embed_text: files that are compiled into a binary."""

def _function_of(src):
    """Returns the function for a file: `ChartMinJs` for `…/chart.min.js`."""
    file = src.split(":")[-1].split("/")[-1]
    words = file.replace("-", ".").replace("_", ".").split(".")
    return "".join([word[0].upper() + word[1:] for word in words])

# The bytes as numbers: a string literal has a limit of length and characters of its own to escape.
_DEFINITION = """
echo 'absl::string_view {function}() {{ static constexpr unsigned char kBytes[] = {{'
od -An -v -tu1 $(location {src}) | sed 's/ *\\([0-9]\\+\\)/\\1,/g'
echo '}}; return {{reinterpret_cast<const char*>(kBytes), sizeof(kBytes)}}; }}'
"""

def _in_namespace(commands):
    """Returns the command that writes what `commands` print, inside the namespace, to the rule's output."""
    return "\n".join([
        "{",
        "echo '#include \"absl/strings/string_view.h\"'",
        "echo 'namespace meanwhile {'",
    ] + commands + [
        "echo '}'",
        "} > $@",
    ])

def embed_text(name, srcs, visibility = None):
    """A C++ library with a function for each file that returns its contents.

    The header is `name.h`; the functions are in the namespace `meanwhile`, named after the files: `ChartMinJs` for
    chart.min.js. What they return lives as long as the program.

    Args:
      name: name of the library.
      srcs: the files.
      visibility: of the library.
    """
    header, source = name + ".h", name + ".cc"
    native.genrule(
        name = name + "_header",
        outs = [header],
        cmd = _in_namespace(["echo 'absl::string_view %s();'" % _function_of(src) for src in srcs]),
    )
    native.genrule(
        name = name + "_source",
        srcs = srcs,
        outs = [source],
        cmd = _in_namespace([_DEFINITION.format(function = _function_of(src), src = src) for src in srcs]),
    )
    native.cc_library(
        name = name,
        srcs = [source],
        hdrs = [header],
        visibility = visibility,
        deps = ["@debian//:abseil"],
    )
