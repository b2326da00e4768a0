#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
import os
import random
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../bench"))

import metrics  # noqa: E402


class Jain(unittest.TestCase):
    def test_known(self):
        for values, expected in (([5], 1), ([3, 3, 3, 3], 1), ([1, 0, 0, 0], 0.25),
                                 ([1, 2, 3], 36 / 42), ([1, 3], 0.8), ([0, 0], 1)):
            self.assertAlmostEqual(metrics.jain(values), expected, msg=values)

    def test_bounds_and_scale(self):
        rng = random.Random(1)
        for _ in range(300):
            values = [rng.uniform(0, 10) for _ in range(rng.randint(1, 64))]
            index = metrics.jain(values)
            self.assertLessEqual(index, 1 + 1e-9)
            self.assertGreaterEqual(index, 1 / len(values) - 1e-9)
            self.assertAlmostEqual(index, metrics.jain([7 * v for v in values]))


class Metrics(unittest.TestCase):
    def test_efficiency_is_the_papers(self):
        """Paper 003: 660 Mbit/s over one virtual router, 939 over plain Linux: 0.7029."""
        self.assertAlmostEqual(metrics.efficiency([660], 939), metrics.EFFICIENCY["forwarding"][1],
                               places=3)
        self.assertAlmostEqual(metrics.efficiency([377 / 8] * 8, 939),
                               metrics.EFFICIENCY["forwarding"][8], places=3)
        self.assertEqual(metrics.efficiency([1], 0), 0)

    def test_unpredicted(self):
        self.assertEqual(metrics.unpredicted({1: 100, 2: 100, 8: 100}), 0)
        self.assertAlmostEqual(metrics.unpredicted({8: 40, 1: 100, 2: 110}), 0.6)
        self.assertAlmostEqual(metrics.unpredicted({1: 100, 2: 170, 4: 100}), 0.7)
        self.assertEqual(metrics.unpredicted({1: 0, 2: 5}), 1)

    def test_off_weights(self):
        self.assertAlmostEqual(metrics.off_weights([10, 20, 40], [1, 2, 4]), 0)
        self.assertAlmostEqual(metrics.off_weights([1, 1], [1, 3]), 1)
        self.assertAlmostEqual(metrics.off_weights([9, 20, 41], [1, 2, 4]), 0.1)
        self.assertEqual(metrics.off_weights([0, 0], [1, 2]), 1)

    def test_loss(self):
        self.assertEqual(metrics.loss(100, 60), 0.4)
        self.assertEqual(metrics.loss(100, 101), 0)
        self.assertEqual(metrics.loss(0, 0), 0)

    def test_quantile(self):
        values = list(range(1, 101))
        random.Random(2).shuffle(values)
        for q, expected in ((0, 1), (0.01, 1), (0.5, 50), (0.99, 99), (0.991, 100), (1, 100)):
            self.assertEqual(metrics.quantile(values, q), expected, msg=q)
        self.assertEqual(metrics.quantile([4], 0.5), 4)


unittest.main()
