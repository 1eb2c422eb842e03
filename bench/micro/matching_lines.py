#!/usr/bin/env python3
"""Instructions and cache lines of each kind of message, from a trace of every access to memory.

    matching_lines.py BENCH [--flow NAME] [--orders N] [--books engine,floor,bare]

BENCH is a matching_bench that valgrind can run: one built with -DBASALT_MARCH=x86-64-v3, since
valgrind knows no AVX-512. Counted is what lies between the two stores with which the bench marks a
message: applying it, and writing its reports. A line counts once for a message however often it is
touched. Lines of the stack are told apart: they never leave the nearest cache. Prefetches and
constants beside the code do not count.
"""
import argparse
import subprocess
import sys

KINDS = ("add", "take", "replace", "cancel", "stale")
LINE_BITS = 6
MARKER = 0x6_0000_0000  # matching_measures.h
MARKER_END = MARKER + 8 * (len(KINDS) + 1)
# Where valgrind puts the stack.
STACK = 0x1F_0000_0000


def messages(bench, book, flow, orders):
    """Each message as (kind, instructions, lines, lines of the stack)."""
    command = ["valgrind", "--tool=lackey", "--trace-mem=yes", "--basic-counts=no", bench,
               "--count", book, "--flows", flow, "--orders", str(orders)]
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                           bufsize=1 << 20, errors="replace")
    inside, kind, instructions, touched = False, 0, 0, []
    for text in run.stderr:
        if inside and text.startswith("I "):
            instructions += 1
        elif text.startswith(" S 6000000") and MARKER <= int(text[3:text.index(",")], 16) < MARKER_END:
            word = (int(text[3:text.index(",")], 16) - MARKER) // 8
            if word > 0:
                inside, kind, instructions, touched = True, word - 1, 0, []
                continue
            inside = False
            lines, stack = set(), set()
            for address, size in touched:
                where = stack if address >= STACK else lines
                where.update(range(address >> LINE_BITS, (address + size - 1 >> LINE_BITS) + 1))
            yield kind, instructions, len(lines), len(stack)
        elif inside and text[:2] in (" L", " S", " M"):
            address, size = text[3:].split(",")
            touched.append((int(address, 16), int(size)))
    if run.wait() != 0:
        sys.exit(f"{' '.join(command)} ended with {run.returncode}")


def percentile(values, share):
    return sorted(values)[int(share * (len(values) - 1))]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bench")
    parser.add_argument("--flow", default="normal")
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--books", default="engine,floor,bare")
    options = parser.parse_args()
    print("| book | kind | messages | instructions, mean | p50 | p99 | lines, mean | p50 | p99 "
          "| stack lines, mean |")
    print("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    for book in options.books.split(","):
        of_kind = {kind: [] for kind in (*KINDS, "all")}
        for kind, *counts in messages(options.bench, book, options.flow, options.orders):
            of_kind[KINDS[kind]].append(counts)
            of_kind["all"].append(counts)
        for kind, counts in of_kind.items():
            if not counts:
                continue
            instructions, lines, stack = zip(*counts)
            print(f"| {book} | {kind} | {len(counts)} | {sum(instructions) / len(counts):.1f} "
                  f"| {percentile(instructions, 0.5)} | {percentile(instructions, 0.99)} "
                  f"| {sum(lines) / len(counts):.2f} | {percentile(lines, 0.5)} "
                  f"| {percentile(lines, 0.99)} | {sum(stack) / len(counts):.2f} |", flush=True)


if __name__ == "__main__":
    main()
