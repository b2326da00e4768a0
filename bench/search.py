# SPDX-License-Identifier: BSD-3-Clause
"""Searches for a rate, over any trial: the binary search of RFC 2544 (26.1, throughput), with
confirmation, and the first-fit convergence of paper 001. Pure: no clock, no process."""
import statistics
from typing import NamedTuple

TRIALS_MAX = 200  # of one search: it ends, whatever the trials say


class Outcome(NamedTuple):
    """Of one trial."""
    loss: float  # of what was offered
    held: bool = True  # the generator offered the rate


class Found(NamedTuple):
    rate: float  # 0: not even the least
    trials: int
    limited: bool  # the generator was at its end, not what is tested


class Sample(NamedTuple):
    """Of first-fit: means over its measurements, in Mbit/s."""
    sent: float
    received: float
    loss: float


class Fit(NamedTuple):
    received: float
    bandwidth: float  # offered, in the last sample
    loss: float
    samples: int
    converged: bool


class _Search:
    """One search's trials, counted."""

    def __init__(self, trial, allowed):
        self.trial, self.allowed, self.trials = trial, allowed, 0
        self.unheld = []

    def passes(self, rate):
        self.trials += 1
        outcome = self.trial(rate)
        if not outcome.held:
            self.unheld.append(rate)
            return False
        return outcome.loss <= self.allowed

    def left(self):
        return self.trials < TRIALS_MAX

    def narrow(self, low, high, resolution):
        while high - low > resolution * high and self.left():
            middle = (low + high) / 2
            if self.passes(middle):
                low = middle
            else:
                high = middle
        return low, high


def highest_rate(trial, top, allowed, resolution=0.005, confirms=2):
    """The highest rate up to TOP at which trial(rate) -> Outcome loses no more than ALLOWED, within
    RESOLUTION of it; that rate has then passed CONFIRMS trials more. A rate that fails a
    confirmation is above what is sought."""
    search = _Search(trial, allowed)
    if search.passes(top) and all(search.passes(top) for _ in range(confirms)):
        return Found(top, search.trials, True)
    low, high = search.narrow(0.0, top, resolution)
    step = resolution
    while low > 0 and search.left():
        if all(search.passes(low) for _ in range(confirms)):
            # What stopped us just above: did the generator fail, or what is tested?
            limited = bool(search.unheld) and min(search.unheld) <= high * (1 + resolution)
            return Found(low, search.trials, limited)
        high, low = low, max(0.0, low * (1 - step))
        step *= 2
        while low > 0 and search.left() and not search.passes(low):
            high, low = low, max(0.0, low * (1 - step))
            step *= 2
        low, high = search.narrow(low, high, resolution)
    return Found(0.0, search.trials, False)


def first_fit(sample, nominal, stop_at=0.005, most=TRIALS_MAX):
    """Paper 001: begin at the NOMINAL rate, stop at the first sample(bandwidth) -> Sample that
    loses at most STOP_AT; else bw := min(bw * (1 - 0.75 * loss), bw - 1), all in Mbit/s. Where the
    sender sends less than asked, bw is what it sent."""
    bandwidth, n = nominal, 0
    while True:
        got = sample(bandwidth)
        n += 1
        if got.loss <= stop_at:
            return Fit(got.received, bandwidth, got.loss, n, True)
        if got.sent > 0:
            bandwidth = min(bandwidth, got.sent)
        following = min(bandwidth * (1 - 0.75 * got.loss), bandwidth - 1)
        if following <= 0 or n == most:
            return Fit(got.received, bandwidth, got.loss, n, False)
        bandwidth = following


def mean_sample(measurements):
    """Of [Sample]."""
    return Sample(*(statistics.fmean(m[i] for m in measurements) for i in range(3)))


def spread(values):
    """Most minus least, over the median; 0 for one value, and for none that is not 0."""
    middle = statistics.median(values)
    return (max(values) - min(values)) / middle if middle > 0 else float(max(values) > 0)
