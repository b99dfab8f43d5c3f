"""Replays rules for flaky tests on labelled tests: FlakeFlagger's (Alshammari and others, ICSE 2021), each run 10,000 times.

The labels give each test's failure rate. From it a history is thrown: one run at each of so many positions, and one more
where it failed, unless `once` is said. Real breaks, of tests flaky or not, are put in between, as a rule that calls each failure flaky would be
right otherwise. `write` makes the files for `annals import`; `judge` reads `annals sql` on that store and prints, for each
rule, precision and recall of "this test is flaky".

    python bench/flakes.py write test_results.csv.gz [once]
    annals --store flakes import --project flakes --builds "SELECT ... FROM 'builds.csv'" ...   (the command is printed)
    annals --store flakes sql "SELECT name, flake_probability, is_flaky FROM step.flakiness" --format csv > judged.csv
    python bench/flakes.py judge judged.csv
"""

import csv
import gzip
import json
import random
import sys

POSITIONS = 300
STEADY = 3000
BROKEN_SHARE = 0.2
IMPORT = (
    "annals --store flakes import --project flakes --builder unit"
    " --builds \"SELECT position AS key, 'r' || position AS revision, position FROM 'builds.csv'\""
    " --outcomes \"SELECT position AS key, name, outcome, attempt FROM 'outcomes.csv'\""
)


def throw(rate, is_broken, is_retried, dice):
    """Returns what a test did at a position: its attempts, True for a failure."""
    first = is_broken or dice.random() < rate
    return [first, is_broken or dice.random() < rate] if first and is_retried else [first]


def write(path, is_retried):
    dice = random.Random(1)
    with gzip.open(path, "rt") as file:
        rows = list(csv.DictReader(file))
    flaky = [row for row in rows if row["IsFlaky"] == "1"]
    steady = dice.sample([row for row in rows if row["NumFailingRuns"] == "0"], STEADY)
    histories = []
    for number, row in enumerate(flaky + steady):
        runs = int(row["NumFailingRuns"]) + int(row["NumPassingRuns"])
        rate = int(row["NumFailingRuns"]) / runs
        broken = range(0)
        if dice.random() < BROKEN_SHARE:
            begin = dice.randrange(POSITIONS)
            broken = range(begin, begin + 1 + dice.randrange(20))
        attempts = [throw(rate, position in broken, is_retried, dice) for position in range(POSITIONS)]
        histories.append({"name": f"t{number}", "flaky": row["IsFlaky"] == "1", "rate": rate, "attempts": attempts})
    with open("histories.json", "w") as file:
        json.dump(histories, file)
    with open("builds.csv", "w") as file:
        file.write("position\n" + "".join(f"{position}\n" for position in range(POSITIONS)))
    with open("outcomes.csv", "w") as file:
        file.write("position,name,outcome,attempt\n")
        for history in histories:
            for position, attempts in enumerate(history["attempts"]):
                for attempt, failed in enumerate(attempts, 1):
                    file.write(f"{position},{history['name']},{'failed' if failed else 'passed'},{attempt}\n")
    print(IMPORT)


def same_commit(attempts):
    """A failure and a pass of one revision, ever."""
    return any(True in at and False in at for at in attempts)


def flip_rate(attempts):
    """Verdicts of positions flip in more than 2% of the steps, and four times at least (Apple, TeamCity)."""
    verdicts = [all(at) for at in attempts]
    flips = sum(left != right for left, right in zip(verdicts, verdicts[1:]))
    return flips >= 4 and flips / (len(verdicts) - 1) > 0.02


def codecov(attempts):
    """A failure opens a flake, thirty passes in a row close it: open at the end."""
    return any(at[0] for at in attempts[-30:])


def codecov_ever(attempts):
    """The same, at any time."""
    return any(at[0] for at in attempts)


def trunk(attempts):
    """A pass on retry in the last 70 positions, or a failure rate from 20 to 80% in them."""
    window = attempts[-70:]
    rate = sum(at[0] for at in window) / len(window)
    return same_commit(window) or 0.2 <= rate < 0.8


def test_grid(attempts):
    """Failures and passes in the last hundred columns, and no three failures in a row at the end."""
    window = [all(at) for at in attempts[-100:]]
    return any(window) and not all(window) and not all(window[-3:])


def judge(path):
    with open("histories.json") as file:
        histories = json.load(file)
    with open(path) as file:
        judged = {row["name"]: row for row in csv.DictReader(file)}
    probability = lambda h: float(judged.get(h["name"], {}).get("flake_probability") or 0)
    rules = {
        "Annals, in quarantine": lambda h: judged.get(h["name"], {}).get("is_flaky") == "true",
        "Annals, flake_probability >= 0.5": lambda h: probability(h) >= 0.5,
        "Annals, flake_probability >= 0.2": lambda h: probability(h) >= 0.2,
        "same commit": lambda h: same_commit(h["attempts"]),
        "flip rate": lambda h: flip_rate(h["attempts"]),
        "Codecov, at the end": lambda h: codecov(h["attempts"]),
        "Codecov, ever": lambda h: codecov_ever(h["attempts"]),
        "Trunk": lambda h: trunk(h["attempts"]),
        "TestGrid": lambda h: test_grid(h["attempts"]),
    }
    flaky = [h for h in histories if h["flaky"]]
    frequent = [h for h in flaky if h["rate"] >= 0.01]
    print(f"{len(flaky)} flaky tests ({len(frequent)} fail in 1% of their runs or more), {len(histories) - len(flaky)} steady ones")
    for name, rule in rules.items():
        called = [h for h in histories if rule(h)]
        right = sum(h["flaky"] for h in called)
        often = sum(rule(h) for h in frequent) / len(frequent)
        precision = right / max(len(called), 1)
        print(f"{name:34} precision {precision:.3f}  recall {right / len(flaky):.3f}  of the frequent {often:.3f}")


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(sys.argv[2], is_retried="once" not in sys.argv[3:])
    else:
        judge(sys.argv[2])
