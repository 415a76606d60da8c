"""Makes e-values.json: the certificate, the alarm and the e-CUSUM of the audits, on fixed streams.

    python3 test/golden/guarantee/e_values.py

Written apart from the TypeScript: the wealth of every bet is a product of plain floats, and only the standard library
is used (made with Python 3.11). Each value is the mean over the bets after that many audits; `crosses` is the first
audit, counted from 1, at which the mean reaches the bound, or null.
"""

import json
import random
from pathlib import Path

CERTIFICATE_BETS = [0.1, 0.25, 0.5, 0.75, 0.95]
ALARM_BETS = [0.25, 0.5, 1, 2, 4, 8]
DELTA = 0.05
CUSUM_BOUND = 1000


def run(stream, risk, bets, factor, restart):
    wealth = [1.0] * len(bets)
    means = []
    for loss in stream:
        for index, bet in enumerate(bets):
            before = max(wealth[index], 1.0) if restart else wealth[index]
            wealth[index] = before * factor(bet * risk / (1 - risk), loss)
        means.append(sum(wealth) / len(wealth))
    return means


def crossing(means, bound):
    return next((index + 1 for index, mean in enumerate(means) if mean >= bound), None)


def case(name, risk, stream):
    certificate = run(stream, risk, CERTIFICATE_BETS, lambda bet, loss: 1 + bet * (1 - loss / risk), False)
    alarm_factor = lambda bet, loss: 1 + bet * (loss / risk - 1)
    alarm = run(stream, risk, ALARM_BETS, alarm_factor, False)
    cusum = run(stream, risk, ALARM_BETS, alarm_factor, True)
    after = [count for count in (1, 2, 3, 10, 25, 50, 100, 150, 200, 300, 400, 600) if count <= len(stream)]
    pick = lambda means: [means[count - 1] for count in after]
    return {
        "name": name,
        "risk": risk,
        "stream": stream,
        "after": after,
        "certificate": pick(certificate),
        "alarm": pick(alarm),
        "cusum": pick(cusum),
        "crosses": {
            "certificate": crossing(certificate, 1 / DELTA),
            "alarm": crossing(alarm, 1 / DELTA),
            "cusum": crossing(cusum, CUSUM_BOUND),
        },
    }


def coins(seed, parts):
    source = random.Random(seed)
    return [int(source.random() < share) for count, share in parts for _ in range(count)]


cases = [
    case("no error at 2 %", 0.02, [0] * 300),
    case("quiet at 2 %", 0.02, coins(1, [(600, 0.005)])),
    case("on the boundary at 5 %", 0.05, coins(2, [(400, 0.05)])),
    case("a jump from 1 % to 10 % at 2 %", 0.02, coins(3, [(200, 0.01), (200, 0.1)])),
    case("a jump from 0 % to 30 % at 5 %", 0.05, coins(4, [(100, 0.0), (100, 0.3)])),
    case("every audit wrong at 1 %", 0.01, [1] * 10),
    case("losses between 0 and 1 at 5 %", 0.05, [random.Random(5000 + i).choice([0, 0, 0, 0, 0, 0.2, 0, 0, 0, 1, 0.05]) for i in range(200)]),
]
made = {
    "certificateBets": CERTIFICATE_BETS,
    "alarmBets": ALARM_BETS,
    "delta": DELTA,
    "cusumBound": CUSUM_BOUND,
    "cases": cases,
}
text = ",\n".join(f"    {json.dumps(each)}" for each in cases)
head = {key: value for key, value in made.items() if key != "cases"}
Path(__file__).with_name("e-values.json").write_text(json.dumps(head)[:-1] + f', "cases": [\n{text}\n]}}\n')
