"""Makes certificate.json: tails, bounds, p-values, sample sizes and thresholds, by scipy.

    python3 test/golden/guarantee/certificate.py

Made with Python 3.11, scipy 1.17.1. Written apart from the TypeScript: tails and bounds are scipy's, sample sizes are
counted up one by one, the fallback procedure walks over plain lists.
"""

import json
import math
import random
from pathlib import Path

from scipy.special import betainc, betaincinv, betainccinv
from scipy.stats import binom

source = random.Random(20)


def counts():
    for n in (1, 7, 59, 299, 523, 1_000, 20_000, 1_000_000):
        for p in (0.0005, 0.005, 0.01, 0.02, 0.05, 0.3, 0.95):
            spread = math.sqrt(n * p * (1 - p))
            for away in (-5, -2, 0, 1, 4):
                k = round(n * p + away * spread)
                if 0 <= k < n:
                    yield k, n, p


def at_most(k, n, p):
    return 1.0 if k >= n else float(binom.cdf(k, n, p))


def upper(k, n, delta):
    return 1.0 if k == n else float(betainccinv(k + 1, n - k, delta))


def lower(k, n, delta):
    return 0.0 if k == 0 else float(betaincinv(k, n - k + 1, delta))


def labels_for_errors(k, risk, delta):
    n = k + 1
    while at_most(k, n, risk) > delta:
        n += 1
    return n


def labels_for_power(true_error, risk, delta, power):
    k = 0
    n = 0
    while True:
        n = max(n, k + 1)
        while at_most(k, n, risk) > delta:
            n += 1
        if at_most(k, n, true_error) >= power:
            return n
        k += 1


def hoeffding_bentkus(total, n, risk):
    mean = min(total / n, risk)
    heads = 0 if mean == 0 else mean * math.log(mean / risk)
    entropy = heads + (1 - mean) * math.log((1 - mean) / (1 - risk))
    return min(1.0, math.exp(-n * entropy), math.e * at_most(math.ceil(total - 1e-9), n, risk))


def uniform_of(name):
    h = 0x811C9DC5
    for letter in name:
        h = (h ^ ord(letter)) * 0x01000193 & 0xFFFFFFFF
    h = (h ^ h >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    h = (h ^ h >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return (h ^ h >> 16) / 2**32


def fallback(unlabelled, scores, wrong, risk, delta, size):
    """Items are named u0, u1, ... and c0, c1, ..."""
    traffic = sorted((s + 1e-9 * uniform_of(f"u{i}") for i, s in enumerate(unlabelled)), reverse=True)
    sizes = sorted({step * len(traffic) // size for step in range(1, size + 1)} - {0})
    thresholds = [traffic[n - 1] for n in sizes]
    coverage = [n / len(traffic) for n in sizes]
    first_level, later_level = 0.8 * delta, (1 - 0.8) * delta / 4
    own = [0.0] * len(thresholds)
    last = len(thresholds) - 1
    # Room for two wrong labels at the first start, or else for one.
    feasible = [
        j
        for room in (2, 1)
        for j, share in enumerate(coverage)
        if share * len(scores) >= labels_for_errors(room, risk, first_level)
    ]
    if feasible:
        own[feasible[0]] += first_level
        for start in range(1, 5):
            # Rounds a half up, as JavaScript does.
            own[math.floor(feasible[0] + (last - feasible[0]) * (start / 5) ** 1.5 + 0.5)] += later_level
    else:
        own[last] = delta
    calibration = [s + 1e-9 * uniform_of(f"c{i}") for i, s in enumerate(scores)]
    p_values, chosen, level = [], None, 0.0
    for j, threshold in enumerate(thresholds):
        accepted = [w for s, w in zip(calibration, wrong) if s >= threshold]
        p_values.append(at_most(sum(accepted), len(accepted), risk))
        level += own[j]
        if level > 0 and p_values[j] <= level:
            chosen = {
                "gridIndex": j,
                "threshold": threshold,
                "accepted": len(accepted),
                "errors": sum(accepted),
                "level": level,
                "pValue": p_values[j],
                "upper": upper(sum(accepted), len(accepted), delta),
                "coverage": coverage[j],
            }
        else:
            level = 0.0
    return {"risk": risk, "delta": delta, "size": size, "thresholds": thresholds, "pValues": p_values, "chosen": chosen}


def data(count):
    """Two-decimal scores with a heap at 1.00, wrong less often the higher they are."""
    scores = [1.0 if source.random() < 0.3 else round(source.random() ** 0.5, 2) for _ in range(count)]
    return scores, [int(source.random() < 0.25 * (1.02 - score) ** 1.5) for score in scores]


unlabelled, _ = data(300)
scores, wrong = data(700)
few = 150
made = {
    "atMost": [[k, n, p, float(betainc(n - k, k + 1, 1 - p)) if p > 0.5 else at_most(k, n, p)] for k, n, p in counts()],
    "upper": [[k, n, d, upper(k, n, d)] for k, n, _ in counts() for d in (0.05, 0.001)],
    "lower": [[k, n, d, lower(k, n, d)] for k, n, _ in counts() for d in (0.05, 0.001)],
    "labelsForErrors": [[k, r, d, labels_for_errors(k, r, d)] for k in (0, 1, 2, 5, 10) for r in (0.005, 0.01, 0.02, 0.05) for d in (0.05, 0.01)],
    "labelsForPower": [[r * part, r, d, 0.9, labels_for_power(r * part, r, d, 0.9)] for r in (0.01, 0.02, 0.05) for part in (0.25, 0.5) for d in (0.05, 0.01)],
    "hoeffdingBentkus": [[s, n, r, hoeffding_bentkus(s, n, r)] for n in (10, 100, 1_000) for r in (0.02, 0.05, 0.2) for s in (0, 0.2, 1, 3.4, 0.01 * n, 0.8 * r * n) if s < n],
    "unlabelled": unlabelled,
    "scores": scores,
    "wrong": wrong,
    "few": few,
    "fallback": [fallback(unlabelled, scores, wrong, r, d, m) for r in (0.01, 0.02, 0.03, 0.05, 0.07) for d in (0.05, 0.2) for m in (50,)] + [fallback(unlabelled, scores, wrong, 0.05, 0.05, 20)],
    "fallbackFew": fallback(unlabelled, scores[:few], wrong[:few], 0.03, 0.05, 50),
}
lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in made.items())
Path(__file__).with_name("certificate.json").write_text("{\n" + lines + "\n}\n")
