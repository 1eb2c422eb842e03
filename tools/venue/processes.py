"""The processes of one run, and the watchdog that outlives this one.

Each runs in a session of its own, so that a Ctrl-C reaches only us and we stop them in order. The
watchdog is a child that does nothing but wait for our end: when we are killed, it ends what we
started, by process id, and takes the wire away.
"""
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import time

from venue import wire


# What libraries say about a kernel that has everything we use.
CHATTER = ("libbpf:", "libxdp:")


class Watchdog:
    """Ends our processes and removes our wire, should we not be able to."""

    def __init__(self):
        read_end, self._write_end = os.pipe()
        if os.fork() == 0:
            os.close(self._write_end)
            os.setsid()
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            self._watch(read_end)
            os._exit(0)
        os.close(read_end)
        os.set_inheritable(self._write_end, False)

    @staticmethod
    def _watch(read_end):
        alive, folders, made_wire, text = set(), [], False, b""
        while True:
            chunk = os.read(read_end, 4096)
            if not chunk:
                break
            text += chunk
            *lines, text = text.split(b"\n")
            for line in lines:
                word, _, value = line.partition(b" ")
                if word == b"started":
                    alive.add(int(value))
                elif word == b"ended":
                    alive.discard(int(value))
                elif word == b"wire":
                    made_wire = value == b"made"
                elif word == b"folder":
                    folders.append(value.decode())
        for pid in alive:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if made_wire:
            wire.remove()
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)

    def tell(self, word, value):
        os.write(self._write_end, f"{word} {value}\n".encode())


class Process:
    """One child. Its output is passed on, each line behind its name."""

    def __init__(self, name, command, watchdog, core=None):
        self.name = name
        self._watchdog = watchdog
        self.lines = []
        self._ready = threading.Event()

        def on_core():
            if core is not None and core in os.sched_getaffinity(0):
                os.sched_setaffinity(0, {core})

        self._child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True, preexec_fn=on_core)
        watchdog.tell("started", self._child.pid)
        self._reader = threading.Thread(target=self._pass_on, daemon=True)
        self._reader.start()

    def _pass_on(self):
        for raw in self._child.stdout:
            # A progress line ends in a carriage return; each of its states is a line here.
            for line in raw.decode(errors="replace").replace("\r", "\n").splitlines():
                self.lines.append(line)
                if line == "ready":
                    self._ready.set()
                elif line.strip() and not line.startswith(CHATTER):
                    print(f"  {self.name:<7} {line}", flush=True)

    @property
    def pid(self):
        return self._child.pid

    def running(self):
        return self._child.poll() is None

    def wait_ready(self, seconds):
        """True when it said "ready"; False when it ended, or took too long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self._ready.wait(0.05):
                return True
            if not self.running():
                self._reader.join()
                return False
        return False

    def wait(self, seconds=None):
        """Its exit status, or None when it still runs."""
        try:
            status = self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        self._reader.join(5)
        self._watchdog.tell("ended", self._child.pid)
        return status

    def stop(self, seconds):
        """Asks it to stop, and ends it when it does not. Its exit status."""
        if self.running():
            self._child.send_signal(signal.SIGTERM)
        status = self.wait(seconds)
        if status is None:
            print(f"  {self.name} does not stop; ending it", file=sys.stderr)
            self._child.kill()
            status = self.wait()
        return status


class StopRequest:
    """SIGINT and SIGTERM as something to ask about, instead of an exception anywhere."""

    def __init__(self):
        self._read_end, write_end = os.pipe()
        os.set_blocking(write_end, False)
        self.came = False

        def note(_number, _frame):
            self.came = True
            os.write(write_end, b"!")

        signal.signal(signal.SIGINT, note)
        signal.signal(signal.SIGTERM, note)
        signal.signal(signal.SIGHUP, note)

    def wait(self, seconds):
        """Waits at most so long; True when a stop was asked for."""
        select.select([self._read_end], [], [], seconds)
        return self.came
