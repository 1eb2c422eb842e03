"""The hot objects, read as the linker would: from no function that runs after start may a call
lead to memory, exceptions or locks.

The graph's nodes are the functions in the object files of HOT, its edges what their code refers to.
It is entered at every function that other objects can call, constructors and destructors excepted:
they run at start, where taking memory and throwing is right. START lists the few others that do.
"""
import json
import re
import subprocess

# Sources whose objects are hot, as regular expressions over paths.
HOT = [
    r"engine/(reference|state_hash)\.cpp", r"engine/(matching|risk|log|ledger|marketdata|history)/.*",
    r"engine/settlement/settlement\.cpp", r"engine/gateway/.*",
    r"engine/journal/(journal|block_writer|format|segment_maker|uring_disk)\.cpp", r"engine/pipeline/stream_store\.cpp",
]

# Functions that run at start, or of which nobody asks anything while the engine runs: a pattern
# over the demangled name up to "(", and why.
START = {
    r".*::memory_bytes": "sizes are summed before the arena exists",
    r".*::(state_hash|add_to_hash|assert_invariants)": "of a follower or a stopped engine",
    r"basalt::risk::RiskCore::holds_mismatched": "an audit of a stopped engine",
    r"basalt::journal::segment_name.*": "on the helper's thread, and in readers",
    r"basalt::journal::SegmentMaker::(?!take|retire)\w+": "on the helper's thread",
    r"basalt::journal::Journal::(drain_until|finish)": "the engine is stopping, and waits for its disk",
}

# What a hot function may call beside others of these objects. Everything else is a finding, so that
# a new dependency is a decision.
MAY_CALL = re.compile(
    r"^(mem(cpy|move|set|cmp|chr)|strlen|XXH\w+|__u?(div|mod|divmod)ti[34]"
    r"|basalt::assertion_failed|basalt::probe_reached"
    r"|_Unwind_Resume|std::terminate|__clang_call_terminate|__stack_chk_fail|__tls_get_addr"
    # Of a password, at a login: the one place where a client waits for a library. SHA256() itself
    # takes memory, these three do not.
    r"|SHA256_(Init|Update|Final)"
    r"|clock_gettime|basalt::net::.*|(__)?io_uring_\w+)$")

WHY = {
    "memory": re.compile(r"^(malloc|calloc|realloc|free|aligned_alloc|posix_memalign|operator (new|delete).*)$"),
    "exceptions": re.compile(r"^(__cxa_(throw|rethrow|allocate_exception)|std::__throw_.*)"),
    "locks": re.compile(r"^(pthread_(mutex|rwlock|cond)_\w+|__cxa_guard_\w+|std::__once_\w+)"),
}
MEND = "Take memory in the constructor, answer with a value, or name a start-up function in START."


class Object:
    """Functions of one object file: which others each refers to, and which can be entered."""

    def __init__(self, path):
        self.edges, self.entries, self.data = {}, set(), set()
        symbols = subprocess.run(["objdump", "-t", path], capture_output=True, text=True,
                                 check=True).stdout
        self.at = {}  # section -> [(address, function)], by address
        for line in symbols.splitlines():
            # address flags section \t size name; a function's flags end in F.
            match = re.match(r"([0-9a-f]+) (.{7}) (\S+)\t[0-9a-f]+ (?:\.hidden )?(\S+)$", line)
            if match and match[2].endswith("F"):
                self.at.setdefault(match[3], []).append((int(match[1], 16), match[4]))
                if match[2][0] == "g":
                    self.entries.add(match[4])
            elif match and match[2].endswith("O"):
                self.data.add(match[4])
        for begins in self.at.values():
            begins.sort()
        self._read_code(path)

    def _read_code(self, path):
        listing = subprocess.run(["objdump", "-dr", "--no-show-raw-insn", path],
                                 capture_output=True, text=True, check=True).stdout
        name = jump = None
        for line in listing.splitlines():
            relocation = re.search(r"R_X86_64_\w+\s+(\S+?)([+-]0x[0-9a-f]+)?$", line)
            if relocation:
                self._refer(name, relocation[1], int(relocation[2] or "0", 16))
            elif jump:  # Only a jump without relocation goes where it seems to go.
                self.edges[name].add(jump[1])
            jump = re.search(r"\t(?:call|j\w+)\s+[0-9a-f]+ <([^.+>][^+>]*)[+>]", line)
            if head := re.match(r"[0-9a-f]+ <(.+)>:$", line):
                name = head[1]
                self.edges.setdefault(name, set())

    def _refer(self, name, target, offset):
        if target.startswith(".text"):
            # Inside a local function, named by section and place; PC-relative ones are 4 short.
            begins = self.at.get(target, [])
            target = next((function for address, function in reversed(begins)
                           if address <= offset + 4), None)
        if target and not target.startswith(".") and target not in self.data:
            self.edges[name].add(target)


def demangled(names):
    plain = subprocess.run(["c++filt"], input="\n".join(names), capture_output=True, text=True,
                           check=True).stdout.splitlines()
    return dict(zip(names, plain))


def bare(name):
    """basalt::x::Y::f(int) const [clone .cold] -> basalt::x::Y::f"""
    name = re.sub(r" \[clone [^]]*\]|@.*$", "", name)
    name = re.sub(r"\(anonymous namespace\)", "anonymous", name)
    return re.sub(r"\(.*$", "", name)


def at_start(name):
    parts = re.sub(r"<.*>", "", bare(name)).split("::")
    is_constructor = len(parts) > 1 and parts[-1].lstrip("~") == parts[-2]
    listed = any(re.fullmatch(start, bare(name)) for start in START)
    return is_constructor or listed or name.startswith("_GLOBAL__sub_I")


def objects_of(build):
    commands = json.loads((build / "compile_commands.json").read_text())
    for entry in commands:
        output = re.search(r" -o (\S+)", entry["command"])[1]
        yield entry["file"], build / output


def findings(root, build):
    if not (build / "compile_commands.json").is_file():
        yield f"{build} is not configured. Run cmake --preset release, and build."
        return
    edges, entries = {}, set()
    for source, path in objects_of(build):
        relative = source.removeprefix(str(root) + "/")
        if not any(re.fullmatch(hot, relative) for hot in HOT):
            continue
        if not path.is_file():
            yield f"{relative}: not built in {build}. Build first."
            continue
        code = Object(path)
        for name, targets in code.edges.items():
            edges.setdefault(name, set()).update(targets)
        entries |= code.entries & code.edges.keys()
    names = demangled(sorted(edges.keys() | entries | set().union(*edges.values(), set())))
    roots = sorted(name for name in entries if not at_start(names[name]))
    yield from walk(roots, edges, names)


def walk(roots, edges, names):
    """Breadth first, so that the path told is the shortest."""
    came_from = dict.fromkeys(roots)
    queue = list(roots)
    for name in queue:
        for target in sorted(edges.get(name, ())):
            if target in came_from or at_start(names[target]) and target in edges:
                continue
            came_from[target] = name
            if target in edges:
                queue.append(target)
                continue
            plain = bare(names[target])
            if MAY_CALL.match(plain) or names[target].startswith(("vtable", "typeinfo", "basalt::limits")):
                continue
            reason = next((why for why, what in WHY.items() if what.match(plain)), "what is not hot")
            path, step = [], target
            while step is not None:
                path.append(bare(names[step]))
                step = came_from[step]
            yield f"{' -> '.join(reversed(path))}\n    reaches {reason}. {MEND}"
