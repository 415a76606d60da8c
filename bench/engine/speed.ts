// Decisions a second: every way of asking takes its turn at the same item, round after round, in one run.
import { median, type Row } from "../bench.ts";
import type { Measured } from "../parts.ts";
import { type Contestant, FLOOR, NAIVE, openContest, PAWL, POOLED, PREFIX_KEPT, TEMPLATE_ONCE } from "./contestants.ts";
import { type Question, speedItems, speedQuestions } from "./questions.ts";
import { deadline, type Setup } from "./setup.ts";
import { formatInterval, medianInterval, ratioInterval } from "./statistics.ts";

/** What a contestant took for one question, round by round. */
interface Series {
  readonly name: string;
  readonly question: string;
  /** Milliseconds an item. */
  readonly times: number[];
  generated: number;
  items: number;
}

const columns = {
  question: "question",
  prefix: "prefix, tokens",
  name: "way of asking",
  milliseconds: "ms a decision (95 %)",
  rate: "decisions/s",
  generated: "tokens generated",
  naive: "times naive (95 %)",
  floor: "share of floor (95 %)",
  rounds: "rounds",
};

export async function measureSpeed(setup: Setup): Promise<Measured> {
  const questions = speedQuestions(setup.data);
  const rounds = setup.size(30, 1);
  const contest = await openContest(setup, questions);
  try {
    const { contestants } = contest;
    const most = Math.max(...contestants.map(({ items }) => items));
    // One round's more than is measured: what was warmed up with an item would find that item's state again.
    const items = await speedItems(setup.data, (rounds + 1) * most, (text) => contest.tokens(text));
    const prefixes = new Map<string, number>();
    const series: Series[] = [];
    for (const question of questions) {
      prefixes.set(question.name, await contest.prefixTokens(question));
      const wanted = contestants.filter(({ only = question.name }) => only === question.name);
      series.push(...(await race(wanted, question, items, most, rounds, setup.seconds / questions.length)));
    }
    return describe(questions, prefixes, series);
  } finally {
    await contest.close();
  }
}

/** The order of the turns moves on with every round, so that nobody always follows the same other. */
async function race(
  contestants: readonly Contestant[],
  question: Question,
  items: readonly string[],
  perRound: number,
  rounds: number,
  seconds: number,
): Promise<Series[]> {
  const series = contestants.map(
    ({ name }): Series => ({ name, question: question.name, times: [], generated: 0, items: 0 }),
  );
  const up = deadline(seconds);
  // The first call evaluates the prefix, compiles the grammar and opens what the mode needs: it is nobody's round.
  for (const contestant of contestants) await contestant.ask(question, items.slice(-contestant.items));
  for (let round = 0; round < rounds && (round < 2 || !up()); round++) {
    for (let turn = 0; turn < contestants.length; turn++) {
      const at = (round + turn) % contestants.length;
      const contestant = contestants[at]!;
      const asked = items.slice(round * perRound, round * perRound + contestant.items);
      const begun = performance.now();
      const { generated } = await contestant.ask(question, asked);
      const milliseconds = performance.now() - begun;
      const own = series[at]!;
      own.times.push(milliseconds / asked.length);
      own.generated += generated;
      own.items += asked.length;
    }
    const line = series.map(({ times }) => times.at(-1)!.toFixed(0)).join(" ");
    console.log(`  ${question.name}, round ${round + 1} of ${rounds}: ${line} ms`);
  }
  return series;
}

function describe(
  questions: readonly Question[],
  prefixes: ReadonlyMap<string, number>,
  series: readonly Series[],
): Measured {
  const times = (question: string, name: string): number[] =>
    series.find((each) => each.question === question && each.name === name)?.times ?? [];
  const rows = series.map((each): Row => {
    const { question, name } = each;
    const floor = name.endsWith(POOLED) ? FLOOR + POOLED : FLOOR;
    return {
      question,
      prefix: prefixes.get(question)!,
      name,
      medianMilliseconds: median(each.times),
      milliseconds: formatInterval(medianInterval(each.times), 0),
      rate: 1000 / median(each.times),
      generated: each.generated / each.items,
      naive: formatInterval(ratioInterval(times(question, NAIVE), each.times), 1),
      floor: name === floor ? null : formatInterval(ratioInterval(times(question, floor), each.times)),
      rounds: each.times.length,
    };
  });
  const [names, ten] = questions.map(({ name }) => name) as [string, string];
  const ratio = (question: string, other: string): number | null =>
    ratioInterval(times(question, other), times(question, PAWL))?.value ?? null;
  return {
    title: "Speed",
    columns,
    rows,
    values: {
      "10-options-times-naive": ratio(ten, NAIVE),
      "10-options-times-template-once": ratio(ten, TEMPLATE_ONCE),
      "10-options-times-prefix-kept": ratio(ten, PREFIX_KEPT),
      "10-options-share-of-floor": ratio(ten, FLOOR),
      "77-names-times-naive": ratio(names, NAIVE),
    },
  };
}
