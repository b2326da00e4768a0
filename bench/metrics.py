# SPDX-License-Identifier: BSD-3-Clause
"""The metrics of papers 002 and 003, and the figures that they measured."""

# reference.yaml: efficiency_fairness, by number of virtual routers.
EFFICIENCY = {
    "sending": {1: 0.9744, 2: 1.0021, 4: 1.0043, 8: 1.0138},
    "receiving": {1: 0.9595, 2: 0.9435, 4: 0.9320, 8: 0.9303},
    "forwarding": {1: 0.7029, 2: 0.6432, 4: 0.4739, 8: 0.4015},
    "forwarding, best scheduler": {8: 0.7066},
    "sending, loaded neighbours": {2: 0.9616, 4: 0.5704, 8: 0.2313},
    "receiving, loaded neighbours": {2: 0.5746, 4: 0.4456, 8: 0.1919},
}
JAIN = {
    "sending": {2: 0.9932, 4: 1.0, 8: 0.9995},
    "receiving": {2: 0.9974, 4: 0.8488, 8: 0.4832},
    "forwarding": {2: 1.0, 4: 0.9975, 8: 0.9998},
}
# reference.yaml: small_and_large_packets, bytes -> routers (0: plain Linux) -> packets/s, loss.
SIZES = {
    1500: {0: (81277, 0.0), 1: (81284, 0.0), 2: (40841, 0.50), 4: (20486, 0.75), 8: (10393, 0.87)},
    64: {0: (356494, 0.0006), 1: (109685, 0.60), 2: (12052, 0.96), 4: None, 8: None},
}
# reference.yaml: latency, in milliseconds; routers (0: plain Linux).
LATENCY_MS = {
    "idle": {0: 0.084, 1: 0.147, 2: 0.150, 4: 0.147, 8: 0.154},
    "tcp": {2: 0.888, 4: 1.376, 8: 3.8515},
}


def jain(values):
    """(sum x)^2 / (n sum x^2): 1 when all are equal, 1/n when one has everything. Of nothing: 1."""
    squares = sum(v * v for v in values)
    return sum(values) ** 2 / (len(values) * squares) if squares > 0 else 1.0


def efficiency(rates, classical):
    """R_aggregate / R_classical."""
    return sum(rates) / classical if classical > 0 else 0.0


def unpredicted(aggregates):
    """How far a router's throughput is from what R_theoretical / N predicts: of the aggregates with
    each number of routers, the one farthest from that of one router, as a part of it. The papers
    call a system predictable without a figure; this is ours."""
    one = aggregates[min(aggregates)]
    return max(abs(a / one - 1) for a in aggregates.values()) if one > 0 else 1.0


def off_weights(rates, weights):
    """The share that is farthest from its weight's, as a part of that."""
    total, weight = sum(rates), sum(weights)
    if total <= 0:
        return 1.0
    return max(abs(r / total / (w / weight) - 1) for r, w in zip(rates, weights))


def loss(sent, received):
    return max(0.0, 1 - received / sent) if sent > 0 else 0.0


def quantile(values, q):
    """The least value that a part Q of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -int(-q * len(ordered) // 1) - 1))]
