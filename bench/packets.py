# SPDX-License-Identifier: BSD-3-Clause
"""The packets: capture files that are the same each time. They fit bench/site.h.

Each file holds PACKETS frames, so that what the source port copies from takes the same memory in
each. "64" and "1500" count as usual: 64 bytes are the whole Ethernet frame with its 4 bytes of
FCS, which capture files and DPDK leave out; 1500 bytes are the IP packet. A tag makes a 64-byte
frame no longer (its payload shrinks), any other 4 bytes longer."""
import os
import random
import struct

PACKETS = 4096
SCALE_PACKETS = 8192
ROUTES = 1000
VLAN_IN = 2  # SITE_VLAN_IN
SOURCE_NET = 0xC0A80010  # 192.168.0.16, behind the receiving interface
IMIX = [46] * 7 + [576] * 4 + [1500]  # IP lengths; 46: what pads to a 64-byte frame

# name: (what it is, IP lengths in turn, number of flows)
SETS = {
    "64B-1flow": ("64 bytes, 1 flow", [46], 1),
    "64B-256flows": ("64 bytes, 256 flows", [46], 256),
    "64B-4096dst": ("64 bytes, 4096 destinations", [46], 4096),
    "imix": ("IMIX 7:4:1 of 64, 594, 1518 bytes, 4096 destinations", IMIX, 4096),
    "1500B": ("1500 bytes, 4096 destinations", [1500], 4096),
}


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def frame(length, src, dst, sport, ident, vlan, port=0):
    """A UDP packet of LENGTH bytes of IP; a minimal one stays minimal when tagged."""
    if vlan is not None and length == 46:
        length = 42
    ip = struct.pack("!BBHHHBBHII", 0x45, 0, length, ident & 0xFFFF, 0, 64, 17, 0, src, dst)
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    udp = struct.pack("!HHHH", sport, 2000, length - 20, 0)
    tag = struct.pack("!HH", 0x8100, vlan) if vlan is not None else b""
    return (bytes([2, 0, 0, 0, 0, port + 1, 2, 0, 0, 0, 0, 0x55]) + tag + b"\x08\x00" + ip + udp +
            bytes(length - 28))


def frame6(length, src, dst, sport, label, vlan, port=0):
    """The same in IPv6, for forward --ip6; at least 48 bytes of it."""
    length = max(length, 48)
    ip = struct.pack("!IHBB", 0x60000000 | label & 0xFFFFF, length - 40, 17, 64)
    for address in (src, dst):
        ip += struct.pack("!HHIII", 0x2001, 0x0DB8, address, 0, 1)[:16]
    udp = struct.pack("!HHHH", sport, 2000, length - 40, 1)
    tag = struct.pack("!HH", 0x8100, vlan) if vlan is not None else b""
    return (bytes([2, 0, 0, 0, 0, port + 1, 2, 0, 0, 0, 0, 0x55]) + tag + b"\x86\xdd" + ip + udp +
            bytes(length - 48))


def write(path, frames):
    """A classic capture file, complete before it has its name."""
    with open(path + ".new", "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for data in frames:
            f.write(struct.pack("<IIII", 0, 0, len(data), len(data)) + data)
    os.replace(path + ".new", path)


def destinations(n):
    """N different addresses, spread over the routes."""
    rng = random.Random(n)
    hosts = rng.sample(range(ROUTES * 254), n)
    return [0x0A000000 + (h // 254 << 8) + h % 254 + 1 for h in hosts]


def make(folder, name, tagged, port=0, ip6=False):
    """The capture file of a set for the port; its path."""
    family = "-ip6" if ip6 else ""
    path = os.path.join(folder, f"{name}-{'vlan' if tagged else 'plain'}{family}-p{port}.pcap")
    make_frame = frame6 if ip6 else frame
    _, lengths, n_flows = SETS[name]
    dst = destinations(n_flows)
    rng = random.Random(7)
    sizes = [lengths[i % len(lengths)] for i in range(PACKETS)]
    rng.shuffle(sizes)
    # Each flow as often as the others, in random order: no run of one flow but by chance.
    flows = [i % n_flows for i in range(PACKETS)]
    rng.shuffle(flows)
    write(path, (make_frame(size, SOURCE_NET + (port << 8), dst[f], 1024 + f, i,
                            VLAN_IN if tagged else None, port)
                 for i, (size, f) in enumerate(zip(sizes, flows))))
    return path


def make_scale(folder, n_vrs):
    """64-byte frames of N_VRS virtual routers, each as often as the others, in random order."""
    path = os.path.join(folder, f"scale-{n_vrs}.pcap")
    rng = random.Random(n_vrs)
    vrs = [i % n_vrs for i in range(SCALE_PACKETS)]
    rng.shuffle(vrs)
    write(path, (frame(46, SOURCE_NET, 0x0A000000 + (rng.randrange(ROUTES) << 8) +
                       rng.randrange(1, 255), 1024, i, VLAN_IN + v)
                 for i, v in enumerate(vrs)))
    return path
