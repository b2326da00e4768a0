#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
import os
import random
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../bench"))

import search  # noqa: E402
from search import Outcome, Sample  # noqa: E402


def queue_of(capacity, trials=None):
    """What loses all above its capacity."""
    def trial(rate):
        if trials is not None:
            trials.append(rate)
        return Outcome(max(0.0, 1 - capacity / rate))
    return trial


class HighestRate(unittest.TestCase):
    def test_finds_the_capacity(self):
        rng = random.Random(1)
        for _ in range(300):
            top = rng.uniform(1e3, 1e8)
            capacity = top * rng.uniform(0.02, 0.999)
            found = search.highest_rate(queue_of(capacity), top, 0.0)
            self.assertLessEqual(found.rate, capacity)
            self.assertGreater(found.rate, capacity * 0.994)
            self.assertFalse(found.limited)
            self.assertLess(found.trials, 25)

    def test_finds_the_rate_at_a_loss(self):
        found = search.highest_rate(queue_of(1e6), 1e7, 0.005)
        self.assertLessEqual(found.rate, 1e6 / 0.995 * 1.0001)
        self.assertGreater(found.rate, 1e6)

    def test_says_when_nothing_is_lost_at_the_top(self):
        trials = []
        found = search.highest_rate(queue_of(2e6, trials), 1e6, 0.0, confirms=2)
        self.assertEqual((found.rate, found.limited, len(trials)), (1e6, True, 3))

    def test_says_when_the_generator_is_at_its_end(self):
        def trial(rate):
            return Outcome(0.0, rate <= 6e5)
        found = search.highest_rate(trial, 1e6, 0.0)
        self.assertTrue(found.limited)
        self.assertLessEqual(found.rate, 6e5)
        self.assertGreater(found.rate, 5.9e5)

    def test_a_generator_that_fails_only_high_up_limits_nothing(self):
        def trial(rate):
            return Outcome(max(0.0, 1 - 3e5 / rate), rate <= 6e5)
        found = search.highest_rate(trial, 1e6, 0.0)
        self.assertFalse(found.limited)
        self.assertGreater(found.rate, 2.98e5)

    def test_nothing_passes(self):
        found = search.highest_rate(lambda rate: Outcome(1.0), 1e6, 0.0)
        self.assertEqual(found.rate, 0.0)

    def test_confirms(self):
        """Now and then a trial near the capacity passes by luck: what is found has passed thrice."""
        rng = random.Random(2)
        for _ in range(200):
            passed = {}

            def trial(rate):
                share = rate / 1e6
                lucky = share < 0.9 or (share < 1.1 and rng.random() < 0.5)
                passed.setdefault(rate, []).append(lucky)
                return Outcome(0.0 if lucky else 0.01)
            found = search.highest_rate(trial, 2e6, 0.0, confirms=2)
            self.assertGreater(found.rate, 0.5e6)
            self.assertGreaterEqual(len(passed[found.rate]), 2)
            self.assertEqual(passed[found.rate][-2:], [True, True])

    def test_ends_on_noise(self):
        rng = random.Random(3)
        for _ in range(100):
            found = search.highest_rate(lambda rate: Outcome(rng.choice([0.0, 1.0])), 1e6, 0.0)
            self.assertLessEqual(found.trials, search.TRIALS_MAX + 3)


class FirstFit(unittest.TestCase):
    @staticmethod
    def line(capacity, fastest=1e9, asked=None):
        def sample(bandwidth):
            if asked is not None:
                asked.append(bandwidth)
            sent = min(bandwidth, fastest)
            got = min(sent, capacity)
            return Sample(sent, got, 1 - got / sent)
        return sample

    def test_nothing_lost_at_once(self):
        fit = search.first_fit(self.line(2000), 1000)
        self.assertEqual((fit.received, fit.samples, fit.converged), (1000, 1, True))

    def test_steps_are_the_papers(self):
        asked = []
        fit = search.first_fit(self.line(600, asked=asked), 1000)
        self.assertEqual(asked[0], 1000)
        for before, after in zip(asked, asked[1:]):
            loss = 1 - 600 / before
            self.assertAlmostEqual(after, min(before * (1 - 0.75 * loss), before - 1))
        self.assertLessEqual(fit.loss, 0.005)
        self.assertGreater(1 - 600 / asked[-2], 0.005)
        self.assertTrue(fit.converged)

    def test_at_least_one_less(self):
        asked = []
        search.first_fit(self.line(9.9, asked=asked), 10, stop_at=0.0)
        self.assertEqual(asked, [10, 9])

    def test_a_slow_sender(self):
        asked = []
        fit = search.first_fit(self.line(300, fastest=500, asked=asked), 10000)
        self.assertLess(asked[1], 500)
        self.assertLessEqual(abs(fit.received - 300), 2)

    def test_all_lost(self):
        fit = search.first_fit(lambda bandwidth: Sample(bandwidth, 0.0, 1.0), 1000)
        self.assertFalse(fit.converged)
        self.assertEqual(fit.received, 0.0)
        self.assertLess(fit.samples, 20)


class Sums(unittest.TestCase):
    def test_mean(self):
        self.assertEqual(search.mean_sample([Sample(1, 2, 0.5), Sample(3, 4, 0.0)]),
                         Sample(2, 3, 0.25))

    def test_spread(self):
        self.assertEqual(search.spread([5.0]), 0.0)
        self.assertAlmostEqual(search.spread([99.0, 100.0, 102.0]), 0.03)
        self.assertEqual(search.spread([0.0, 0.0]), 0.0)
        self.assertEqual(search.spread([0.0, 0.0, 5.0]), 1.0)


unittest.main()
