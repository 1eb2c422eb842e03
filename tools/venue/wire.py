"""The wire between engine and client, made for one run and taken away after it.

    engine ── basalt-nic │ veth pair │ basalt-peer ── client (10.77.0.2, namespace basalt-client)

The engine's end has no address in the kernel: it is the engine's own NIC (af_packet or af_xdp). What
is not a veth pair needs nothing made: memif is a socket in the data directory, uring is loopback.
"""
import os
import subprocess

NAMESPACE = "basalt-client"
ENGINE_END = "basalt-nic"
CLIENT_END = "basalt-peer"
ENGINE_ADDRESS = "10.77.0.1"
CLIENT_ADDRESS = "10.77.0.2"
KERNEL_NICS = ("af_packet", "af_xdp")


class WireError(Exception):
    """The wire cannot be made here; the text says why."""


def _run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise WireError(f"{' '.join(command)}: {said[-1] if said else done.returncode}")


def _quietly(*command):
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def exists():
    return os.path.exists(f"/sys/class/net/{ENGINE_END}") or os.path.exists(
        f"/run/netns/{NAMESPACE}")


def remove():
    """Takes the pair and the namespace away, also those that a killed run left behind."""
    _quietly("ip", "link", "delete", ENGINE_END)
    _quietly("ip", "netns", "delete", NAMESPACE)


def make():
    """Makes the veth pair and the client's namespace. Raises WireError, having left nothing."""
    if os.geteuid() != 0:
        raise WireError("a veth pair and a network namespace need root")
    remove()
    inside = ("ip", "netns", "exec", NAMESPACE)
    try:
        _run("ip", "netns", "add", NAMESPACE)
        _run("ip", "link", "add", ENGINE_END, "type", "veth", "peer", "name", CLIENT_END,
             "netns", NAMESPACE)
        # The kernel leaves checksums unfinished and makes super-frames where it believes that a card
        # will do the rest. Here nothing does.
        off = ("tx", "off", "rx", "off", "tso", "off", "gso", "off", "gro", "off")
        _run("ethtool", "-K", ENGINE_END, *off)
        _run(*inside, "ethtool", "-K", CLIENT_END, *off)
        _run("sysctl", "-q", "-w", f"net.ipv6.conf.{ENGINE_END}.disable_ipv6=1")
        _run("ip", "link", "set", ENGINE_END, "up")
        _run(*inside, "ip", "address", "add", f"{CLIENT_ADDRESS}/24", "dev", CLIENT_END)
        _run(*inside, "ip", "link", "set", "lo", "up")
        _run(*inside, "ip", "link", "set", CLIENT_END, "up")
        _run(*inside, "ip", "route", "add", "239.192.0.0/16", "dev", CLIENT_END)
    except (WireError, FileNotFoundError) as error:
        remove()
        raise WireError(str(error)) from error


def in_client(command):
    """`command`, to be run at the client's end."""
    return ["ip", "netns", "exec", NAMESPACE, *command]
