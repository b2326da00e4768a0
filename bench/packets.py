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
VLAN_OUTER = 4000  # SITE_VLAN_OUTER
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


def qinq(frame_tagged):
    """Behind an outer tag, 4 bytes longer."""
    return frame_tagged[:12] + struct.pack("!HH", 0x88A8, VLAN_OUTER) + frame_tagged[12:]


# ---- tunnels: bench/site.h tells of what, from whom ----

REMOTE_IN, REMOTE_OUT = 2, 3


def port_mac(port):
    return bytes([2, 0, 0, 0, 0, port + 1])


def remote_mac(host):
    return bytes([2, 0, 0, 0, 2, host])


def underlay(ip6, host):
    """An address of the backbone."""
    return (bytes.fromhex("20010db8ffff") + bytes(9) if ip6 else bytes([198, 51, 100])) + \
        bytes([host])


def wrapped(kind, over6, data, flow):
    """A plain frame, as the port gets it in a tunnel from REMOTE_IN."""
    packet, inner6 = data[14:], data[12:14] == b"\x86\xdd"
    if kind == "vxlan":
        above = struct.pack("!HHHHII", 0xC000 | flow & 0x3FFF, 4789, 16 + len(data), 0,
                            0x08000000, VLAN_IN << 8) + data
        proto = 17
    elif kind == "gre":
        above = struct.pack("!H", 0x2000) + data[12:14] + struct.pack("!I", VLAN_IN) + packet
        proto = 47
    else:
        above, proto = packet, 41 if inner6 else 4
    src, dst = underlay(over6, REMOTE_IN), underlay(over6, 1)
    if over6:
        ip = struct.pack("!IHBB", 0x60000000, len(above), proto, 64) + src + dst
    else:
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(above), 0, 0x4000, 64, proto, 0) + src + dst
        ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return data[:6] + remote_mac(REMOTE_IN) + (b"\x86\xdd" if over6 else b"\x08\x00") + ip + above


def answer(over6, host, port):
    """What a neighbour on the backbone answers when the port asks for it."""
    mac, own = remote_mac(host), port_mac(port)
    if not over6:
        return own + mac + struct.pack("!HHHBBH", 0x0806, 1, 0x0800, 6, 4, 2) + mac + \
            underlay(False, host) + own + underlay(False, 1) + bytes(18)
    src, dst = underlay(True, host), underlay(True, 1)
    nd = struct.pack("!BBHI", 136, 0, 0, 0x60000000) + src + b"\x02\x01" + mac
    nd = nd[:2] + struct.pack("!H", checksum(
        src + dst + struct.pack("!II", len(nd), 58) + nd)) + nd[4:]
    return own + mac + b"\x86\xdd" + struct.pack("!IHBB", 0x60000000, len(nd), 58, 255) + \
        src + dst + nd


TUNNELS = ("vxlan", "gre", "ipip")


def make_overlay(folder, kind, ip6=False, answers=None, over6=False):
    """Frames of 64B-4096dst that come in as KIND: plain, vlan, qinq or one of TUNNELS; for a router
    that sends by a tunnel with its neighbour's ANSWERS, "4" or "6", at the front. The path."""
    path = os.path.join(folder, f"{kind}-{6 if ip6 else 4}-answers{answers}-over{over6}.pcap")
    make_frame, dst, rng = frame6 if ip6 else frame, destinations(PACKETS), random.Random(7)
    order = list(range(PACKETS))
    rng.shuffle(order)

    def made(i, flow):
        tagged = VLAN_IN if kind in ("vlan", "qinq") else None
        data = make_frame(46, SOURCE_NET, dst[flow], 1024 + flow, i, tagged)
        if kind == "qinq":
            return qinq(data)
        return wrapped(kind, over6, data, flow) if kind in TUNNELS else data
    frames = [made(i, flow) for i, flow in enumerate(order)]
    if answers:
        frames[0] = answer(answers == "6", REMOTE_OUT, 0)
    write(path, frames)
    return path


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
