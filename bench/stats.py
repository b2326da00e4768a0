# SPDX-License-Identifier: BSD-3-Clause
"""Medians and spreads, of rounds that ran interleaved: what is compared is compared within a round,
so that a machine that changes its speed between rounds changes both sides."""
import statistics

NOISY_SPREAD = 0.05  # interquartile range over median
NOISY_WAIT = 0.01    # of the worker's time it waited for its CPU


def quartiles(values):
    if len(values) == 1:
        return values[0], values[0]
    q = statistics.quantiles(values, n=4, method="inclusive")
    return q[0], q[2]


def summary(values):
    low, high = quartiles(values)
    return {"median": statistics.median(values), "min": min(values), "max": max(values),
            "q1": low, "q3": high}


def paired(function, ours, theirs):
    """The median over the rounds of function(our round's, their round's)."""
    return statistics.median(function(a, b) for a, b in zip(ours, theirs))


def spread(summed):
    return (summed["q3"] - summed["q1"]) / summed["median"]


def noisy(row):
    return spread(row["cycles_per_packet"]) > NOISY_SPREAD or row["cpu_wait"] > NOISY_WAIT or \
        row["steal"] > NOISY_WAIT
