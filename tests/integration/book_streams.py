"""`basalt book` between other programs: what it cannot read or write it says, and its status tells."""
import os
import signal
import subprocess

from venue_client import BIN

BOOK = [f"{BIN}/basalt", "book"]


def ends(lines=b"", **streams):
    """Exit status, and what was said on standard error."""
    with subprocess.Popen(BOOK, stderr=subprocess.PIPE, stdin=streams.get("stdin", subprocess.PIPE),
                          stdout=streams.get("stdout", subprocess.DEVNULL)) as book:
        _, said = book.communicate(lines if "stdin" not in streams else None, timeout=60)
        return book.returncode, said.decode()


def output_that_is_full():
    with open("/dev/full", "wb") as full:
        status, said = ends(b"book\n" * 10, stdout=full)
    assert status == 1 and "takes no more" in said, (status, said)


def input_that_is_no_file():
    folder = os.open("/", os.O_RDONLY)
    status, said = ends(stdin=folder)
    os.close(folder)
    assert status == 1 and "cannot be read" in said, (status, said)


def end_of_input():
    assert ends(b"new 1 buy 5@5\nnonsense\nbook") == (0, "")
    assert ends(b"") == (0, "")


def an_answer_for_each_line_at_once_and_an_end_by_signal():
    with subprocess.Popen(BOOK, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as book:
        for number in range(100):
            book.stdin.write(b"new %d buy 5@5\n" % number)
            book.stdin.flush()
            assert book.stdout.readline() == b"accepted %d\n" % number
        book.send_signal(signal.SIGINT)
        assert book.wait(10) == -signal.SIGINT


if __name__ == "__main__":
    end_of_input()
    output_that_is_full()
    input_that_is_no_file()
    an_answer_for_each_line_at_once_and_an_end_by_signal()
