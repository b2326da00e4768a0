#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Tunnels' frames as scapy makes them: test/data/tunnel-vectors.tsv, for tunnel_wire_test.

    tunnel_vectors.py           print them
    tunnel_vectors.py FILE      compare: exit 1 where FILE says something else

One line a frame: kind, family of the outer and of the inner packet, VNI or key, DSCP and ECN, then
the inner packet (without Ethernet) and the frame on the backbone, as hexadecimal. The UDP source
port, which the router chooses by flow, is 0xc000 there.
"""
import sys

from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import GRE, Ether
from scapy.layers.vxlan import VXLAN
from scapy.packet import Raw

PORT_MAC, REMOTE_MAC = "02:00:00:00:00:02", "02:00:00:01:00:0f"
HOST_MAC = "02:00:00:01:00:0b"
LOCAL = {4: "192.0.2.1", 6: "2001:db8:ffff::1"}
REMOTE = {4: "192.0.2.2", 6: "2001:db8:ffff::2"}


def inner(family, tos, size):
    payload = UDP(sport=1000, dport=2000) / Raw(bytes((7 * i + size) & 255 for i in range(size)))
    if family == 4:
        return IP(src="10.0.0.2", dst="10.0.1.2", ttl=63, id=77, tos=tos) / payload
    return IPv6(src="2001:db8::2", dst="2001:db8:1::2", hlim=63, tc=tos) / payload


def outer(family, tos, proto=None):
    if family == 4:
        ip = IP(src=LOCAL[4], dst=REMOTE[4], ttl=64, flags="DF", id=0, tos=tos)
        if proto is not None:
            ip.proto = proto
    else:
        ip = IPv6(src=LOCAL[6], dst=REMOTE[6], hlim=64, tc=tos)
        if proto is not None:
            ip.nh = proto
    return Ether(dst=REMOTE_MAC, src=PORT_MAC) / ip


def frame(kind, out, ins, number, tos, packet):
    if kind == "vxlan":
        return (outer(out, tos) / UDP(sport=0xC000, dport=4789, chksum=0) / VXLAN(flags=8, vni=number)
                / Ether(dst=HOST_MAC, src=PORT_MAC) / packet)
    if kind == "gre":
        key = {} if number is None else {"key_present": 1, "key": number}
        return outer(out, tos, 47) / GRE(proto=0x0800 if ins == 4 else 0x86DD, **key) / packet
    return outer(out, tos, 4 if ins == 4 else 41) / packet


def vectors():
    yield "\t".join(("kind", "outer", "inner", "id", "tos", "packet", "frame"))
    for kind, numbers in (("vxlan", (0, 5001, 0xFFFFFF)), ("gre", (None, 0, 7, 0xFFFFFFFF)),
                          ("ipip", (None,))):
        for out in (4, 6):
            for ins in (4, 6):
                for i, number in enumerate(numbers):
                    # best effort, EF, ECT(0), AF11 with CE
                    tos = (0x00, 0xB8, 0x02, 0x2B)[(i + out // 2 + ins // 2) % 4]
                    packet = inner(ins, tos, (18, 400, 1300)[i % 3])
                    whole = frame(kind, out, ins, number, tos, packet)
                    yield "\t".join((kind, str(out), str(ins), "-" if number is None else str(number),
                                     str(tos), bytes(packet).hex(), bytes(whole).hex()))


def main():
    text = "\n".join(vectors()) + "\n"
    if len(sys.argv) < 2:
        sys.stdout.write(text)
        return 0
    with open(sys.argv[1], encoding="ascii") as file:
        same = file.read() == text
    if not same:
        print(f"{sys.argv[1]}: not what scapy makes", file=sys.stderr)
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
