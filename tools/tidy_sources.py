"""What the two build systems say is built, compared; and clang-tidy over what is."""
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess


def cmake_targets(root, build):
    """target -> its sources, by CMake's file API. Asks CMake to answer if it has not yet."""
    query = build / ".cmake/api/v1/query/codemodel-v2"
    reply = build / ".cmake/api/v1/reply"
    if not query.exists() or not list(reply.glob("codemodel-v2-*.json")):
        query.parent.mkdir(parents=True, exist_ok=True)
        query.touch()
        subprocess.run(["cmake", "."], cwd=build, check=True, stdout=subprocess.DEVNULL)
    index = json.loads(max(reply.glob("index-*.json")).read_text())
    model = next(entry for entry in index["objects"] if entry["kind"] == "codemodel")
    result = {}
    for target in json.loads((reply / model["jsonFile"]).read_text())["configurations"][0]["targets"]:
        about = json.loads((reply / target["jsonFile"]).read_text())
        sources = {entry["path"] for entry in about.get("sources", ())
                   if entry["path"].endswith(".cpp")}
        if sources:
            result[target["name"]] = {str((root / source).relative_to(root)) for source in sources}
    return result


def meson_targets(root, build):
    """target -> its sources, as meson understands them; set up once, which builds nothing."""
    folder = build.parent / "meson"
    # Where it is set up already, read what has changed since.
    again = ["--reconfigure"] if (folder / "meson-info/intro-targets.json").is_file() else []
    run = subprocess.run(["meson", "setup", *again, str(folder), str(root)], capture_output=True,
                         text=True, check=False)
    if run.returncode != 0:
        raise ValueError("meson cannot read its files: " + run.stdout.strip().split("\n")[-3])
    result = {}
    for target in json.loads((folder / "meson-info/intro-targets.json").read_text()):
        sources = {str(pathlib.Path(source).relative_to(root))
                   for part in target["target_sources"] for source in part.get("sources", ())
                   if source.endswith(".cpp")}
        if sources:
            result[target["name"]] = sources
    return result


def findings(root, build, sources):
    try:
        ours, theirs = cmake_targets(root, build), meson_targets(root, build)
    except ValueError as error:
        yield str(error)
        return
    for name in sorted(ours.keys() | theirs.keys()):
        if name not in theirs:
            yield f"target {name} is in CMake and not in meson. Add it to meson.build."
        elif name not in ours:
            yield f"target {name} is in meson and not in CMake. Add it to CMakeLists.txt."
        else:
            for source in sorted(ours[name] ^ theirs[name]):
                system = "CMake" if source in ours[name] else "meson"
                yield f"{source} is in {name} of {system} only. Add it to the other."
    built = set().union(*ours.values())
    for source in sources:
        if source not in built:
            yield f"{source} is built by nothing. Add it to a target, or delete it."


def clang_tidy(root, build, everything, hot_roles):
    """One clang-tidy a core; headers of ours are read through the sources that include them.

    The analyzer follows a function's paths as far as BASALT_ANALYZER_NODES go. Its own bound, 225,000, takes
    ten times as long over all.
    """
    nodes = os.environ.get("BASALT_ANALYZER_NODES", "15000")
    bound = [f"--extra-arg={word}"
             for word in ("-Xclang", "-analyzer-config", "-Xclang", f"max-nodes={nodes}")]
    hot = re.compile(rf"engine/(\w+\.cpp$|({'|'.join(hot_roles)})/)")
    files = []
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["file"])
        if path.is_relative_to(root) and (everything or hot.match(str(path.relative_to(root)))):
            files.append(str(path))

    def one(path):
        return subprocess.run(
            ["clang-tidy-14", "--quiet", "-p", str(build), "--extra-arg=-Wno-unknown-warning-option",
             *bound, path], capture_output=True, text=True, check=False)

    seen = set()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, run in zip(files, pool.map(one, files)):
            for line in run.stdout.splitlines():
                if re.search(r": (warning|error): ", line) and line not in seen:
                    seen.add(line)
                    yield line.replace(str(root) + "/", "")
            if run.returncode != 0 and not run.stdout:
                yield f"{path}: clang-tidy failed: {run.stderr.strip()[-200:]}"
