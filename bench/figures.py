# SPDX-License-Identifier: MIT
"""What is computed from measurements: medians, spreads, ratios, budgets, comparisons. Pure.

A figure is {"unit", "better": "lower" or "higher", "samples": one value a round}. Results keep
figures by name, so that two results can be compared without knowing what was measured.
"""
import itertools
import statistics

ROUNDS_MIN = 5  # below, no difference is called one
LEVEL = 0.05  # probability that two equal builds are called different
SMALLEST = 0.02  # a difference below this is not worth a name


def quantile(values, fraction):
    """The smallest value that `fraction` of the values do not exceed."""
    ordered = sorted(values)
    rank = int(fraction * len(ordered))
    if rank < fraction * len(ordered) or rank == 0:
        rank += 1
    return ordered[rank - 1]


def spread(samples):
    """Half the distance of the quartiles as a share of the median: the noise of one round."""
    middle = statistics.median(samples)
    if len(samples) < 2 or middle == 0:
        return 0.0
    low, _, high = statistics.quantiles(samples, n=4, method="inclusive")
    return (high - low) / 2 / middle


def paired(samples, others):
    """Ratios round by round, so that what hits both servers of a round cancels out."""
    return [one / other for one, other in zip(samples, others) if other]


def difference_probability(first, second):
    """Two-sided exact Mann-Whitney: how likely ranks that differ so much are by chance."""
    values = list(first) + list(second)
    ordered = sorted(values)
    ranks = [statistics.mean(i + 1 for i, other in enumerate(ordered) if other == value)
             for value in values]
    expected = sum(ranks) * len(first) / len(values)
    distance = abs(sum(ranks[:len(first)]) - expected) - 1e-9
    sums = [sum(chosen) for chosen in itertools.combinations(ranks, len(first))]
    return sum(abs(one - expected) >= distance for one in sums) / len(sums)


def compare(first, second):
    """Of a figure in two results: the ratio of the medians and what it means."""
    samples = first["samples"], second["samples"]
    medians = [statistics.median(one) for one in samples]
    ratio = medians[1] / medians[0] if medians[0] else float("inf")
    row = {"first": medians[0], "second": medians[1], "ratio": ratio, "unit": first["unit"],
           "noise": max(map(spread, samples)), "verdict": "same"}
    if min(map(len, samples)) < ROUNDS_MIN:
        row["verdict"] = "too few rounds"
    elif (abs(ratio - 1) >= SMALLEST
          and difference_probability(*(one[:9] for one in samples)) < LEVEL):
        is_better = (ratio < 1) == (first["better"] == "lower")
        row["verdict"] = "better" if is_better else "worse"
    return row


def saturation(threads_us, cores):
    """Messages a second that `cores` cores could reach, and what limits them there.

    threads_us: microseconds of CPU a message by thread name. There is one engine thread and one
    commit thread, whatever the number of network threads; all other work divides. An estimate:
    shared caches, memory and the disk are left out.
    """
    limits = {"cores": cores * 1e6 / sum(threads_us.values())}
    for name in ("engine", "commit"):
        if threads_us.get(name):
            limits[name] = 1e6 / threads_us[name]
    limit = min(limits, key=limits.get)
    return limits[limit], limit


def is_met(figure, limit):
    """Whether the median keeps to the limit: at most, or at least where higher is better."""
    value = statistics.median(figure["samples"])
    return value <= limit if figure["better"] == "lower" else value >= limit
