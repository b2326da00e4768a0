#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""pktgen as a program, over rings that lead back to it. Usage: pktgen_test.py PKTGEN"""
import json
import subprocess
import sys
import unittest

PKTGEN = sys.argv.pop()
# On a busy machine it may miss its rate (exit 1), but never its count.
COMMON = ["--hugepages", "no", "--tolerance", "100%", "-j"]


def run(*args, stdin=None):
    return subprocess.run([PKTGEN, *args], input=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=100)


class Pktgen(unittest.TestCase):
    def check(self, *args):
        done = run(*args, *COMMON)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_counts_all(self):
        for args in ([], ["--flows", "300"], ["--size", "imix", "--vlan", "7"],
                     ["--vlan", "5,6", "--size", "1526"], ["--lcores", "0,1"]):
            got = self.check("--tx", "net_ring0", "--packets", "3000", "--rate", "100kpps", *args)
            self.assertEqual(got["tx_packets"], 3000)
            self.assertEqual(got["rx_packets"], 3000)
            self.assertEqual(got["rx_bytes"], got["tx_bytes"])
            self.assertEqual(got["latency_us"]["count"], 3000)
            for what in ("lost", "reordered", "duplicated", "corrupted", "wrong_tag", "stray"):
                self.assertEqual(got[f"{what}_packets"], 0, what)

    def test_counts_bytes(self):
        for count, each in (("l2", 1010 - 4), ("fcs", 1010), ("l1", 1010 + 20),
                            ("udp", 1010 - 4 - 14 - 28)):
            got = self.check("--tx", "net_ring0", "--packets", "10", "--size", "1010",
                             "--count", count)
            self.assertEqual((got["tx_bytes"], got["rx_bytes"]), (10 * each, 10 * each))

    def test_counts_the_lost(self):
        got = self.check("--tx", "net_null0,no-rx=1", "--learn", "0", "--packets", "500",
                         "--flows", "7", "--rate", "100kpps", "--quiet", "0.01")
        self.assertEqual((got["tx_packets"], got["rx_packets"]), (500, 0))
        self.assertEqual((got["lost_packets"], got["loss"], got["flows_lossy"]), (500, 1, 7))
        self.assertEqual(got["worst_flow"]["lost_packets"], 72)

    def test_sees_wrong_tags(self):
        got = self.check("--tx", "net_ring0", "--learn", "0", "--packets", "500", "--vlan", "5",
                         "--rx-vlan", "6", "--rate", "100kpps", "--quiet", "0.01")
        self.assertEqual((got["wrong_tag_packets"], got["rx_packets"]), (500, 0))

    def test_says_when_it_cannot(self):
        done = run("--tx", "net_ring0", "--hugepages", "no", "--rate", "500Gpps", "--seconds",
                   "0.005", "--tolerance", "1%", "-j")
        self.assertEqual(done.returncode, 1)
        self.assertTrue(json.loads(done.stdout)["void"])
        self.assertIn("void: could send only", done.stderr)

    def test_says_when_nothing_comes_through(self):
        done = run("--tx", "net_null0,no-rx=1", "--hugepages", "no", "--learn", "0.1", "--flows", "3")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("3 of 3 flows do not come through", done.stderr)

    def test_serves(self):
        done = run("--tx", "net_ring0", "--hugepages", "no", "--serve",
                   stdin="1kpps 64 0.05\n10Mbps udp:300 0.05\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        ready, first, second = map(json.loads, done.stdout.splitlines())
        self.assertTrue(ready["ready"])
        self.assertEqual((first["size"], second["size"]), ("64", "udp:300"))
        self.assertGreater(second["rx_packets"], 0)

    def test_refuses(self):
        for args in ([], ["--rate", "10"], ["--size", "63"], ["--size", "64", "--vlan", "1,2"],
                     ["--dst", "10.0.0.1/32", "--flows", "65000"], ["--lcores", "1,1"], ["x"]):
            device = ["--tx", "net_ring0"] if args else []
            done = run(*device, *args)
            self.assertEqual((done.returncode, done.stdout), (2, ""), args)
            self.assertNotEqual(done.stderr, "")
        self.assertEqual(run("--tx", "net_ring0", "--serve", "--hugepages", "no",
                             stdin="nonsense\n").returncode, 2)


unittest.main()
