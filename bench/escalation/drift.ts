// How soon a certificate is taken back when the hard items come, and how many wrong answers slip through until then.
import { certify } from "../../src/guarantee/certificate.ts";
import { gridFrom } from "../../src/guarantee/grid.ts";
import { seededRandom, shuffle } from "../../src/guarantee/random.ts";
import { calibrationSample, unlabelledSample } from "../../src/guarantee/samples.ts";
import {
  accepts,
  auditRate,
  coldState,
  next,
  type PromiseSettings,
  usualSettings,
} from "../../src/guarantee/states.ts";
import { median, type Row } from "../bench.ts";
import type { Measured } from "../parts.ts";
import { type Data, margin, softmax, type Task, top } from "./data.ts";
import { mean, type Setup, share } from "./setup.ts";

interface Item {
  readonly score: number;
  readonly wrong: boolean;
}

interface Drift {
  readonly name: string;
  readonly risk: number;
  readonly easy: readonly Item[];
  readonly hard: readonly Item[];
}

interface Replay {
  readonly errorBefore: number;
  readonly errorAfter: number;
  readonly auditRate: number;
  /** After the change: audits until revoked, decisions accepted, wrong ones beyond the promise. */
  readonly audits: number;
  readonly accepted: number;
  readonly excess: number;
  readonly predicted: number;
}

const labels = 2000;
/** A change that lifts the accepted error by less than this, as a multiple of the promise, is left out and counted. */
const LEAST_RISE = 1.2;

export async function measureDrift(setup: Setup): Promise<Measured> {
  const runs = setup.size(200, 20);
  const rows: Row[] = [];
  const ratios: { readonly audits: number; readonly excess: number }[] = [];
  for (const drift of driftsOf(setup.data)) {
    const replays: Replay[] = [];
    const others = { uncertified: 0, early: 0, harmless: 0, never: 0 };
    for (let seed = 1; seed <= runs; seed++) {
      const found = replay(drift, seed);
      if (typeof found === "string") others[found]++;
      else replays.push(found);
    }
    const of = (read: (replay: Replay) => number): readonly number[] => replays.map(read);
    const auditRatio = median(of(({ audits, predicted }) => audits / predicted));
    const formula = ({ predicted, auditRate: rate, errorAfter }: Replay): number =>
      (predicted / rate) * (errorAfter - drift.risk);
    const excessRatio = mean(of((each) => each.excess)) / mean(of(formula));
    ratios.push({ audits: others.never > 0 ? Number.POSITIVE_INFINITY : auditRatio, excess: excessRatio });
    rows.push({
      drift: drift.name,
      risk: `${drift.risk * 100} %`,
      error: `${share(median(of(({ errorBefore }) => errorBefore)))} to ${share(median(of(({ errorAfter }) => errorAfter)))}`,
      audits: median(of(({ audits }) => audits)),
      predicted: median(of(({ predicted }) => predicted)),
      ratio: auditRatio,
      accepted: median(of(({ accepted }) => accepted)),
      excess: mean(of((each) => each.excess)),
      formula: mean(of(formula)),
      excessRatio,
      within: mean(of(({ audits, predicted }) => Number(audits <= predicted))),
      runs: [replays.length, others.early, others.harmless, others.never, others.uncertified].join(" / "),
    });
    console.log(`  ${drift.name}: ${JSON.stringify(rows.at(-1))}`);
  }
  return {
    title: "Drift: hard items come last, by what the small model does not see",
    columns: {
      drift: "what changes (Qwen-7B)",
      risk: "promise",
      error: "accepted error",
      audits: "audits until revoked",
      predicted: "predicted",
      ratio: "of predicted",
      within: "runs within it",
      accepted: "accepted meanwhile",
      excess: "wrong beyond the promise",
      formula: "c.6 formula",
      excessRatio: "of formula",
      runs: "runs revoked / before the change / harmless / never / uncertified",
    },
    rows,
    values: {
      "drift-audits-of-predicted": Math.max(...ratios.map(({ audits }) => audits)),
      "drift-excess-of-formula": Math.max(...ratios.map(({ excess }) => excess)),
    },
  };
}

/** One life: certified on easy items, 20,000 more of them, then hard ones until the promise is taken back. */
function replay({ risk, easy, hard }: Drift, seed: number): Replay | "uncertified" | "early" | "harmless" | "never" {
  const random = seededRandom(seed);
  const order = shuffle([...easy.keys()], random);
  const named = order.slice(0, 300 + labels).map((item) => ({ id: String(item), ...easy[item]! }));
  const grid = gridFrom(unlabelledSample(named.slice(0, 300)), { size: 50 });
  const certificate = certify({ grid, sample: calibrationSample(named.slice(300)), risk, delta: 0.05 });
  if (certificate.kind === "not certifiable") return "uncertified";
  // Equal thresholds of the grid are one step of the promise.
  const steps = [...new Set(grid.thresholds)];
  const settings: PromiseSettings = { ...usualSettings, risk, maxAge: Number.POSITIVE_INFINITY };
  const version = "v1";
  const step = steps.indexOf(certificate.threshold);
  const passed = {
    type: "certificate_passed",
    id: "first",
    grid: steps,
    step,
    delta: 0.05,
    labels: { from: 0, to: 1, attempt: 1 },
  } as const;
  let state = next(coldState("replay", version, settings), { ...passed, at: 2, version });
  const rest = order.slice(300 + labels).map((item) => easy[item]!);
  let at = 3;
  let rate = 0;
  const decide = (from: readonly Item[]): { accepted: boolean; wrong: boolean; audited: boolean } => {
    const { score, wrong } = from[Math.floor(random() * from.length)]!;
    at++;
    if (!accepts(state, score)) return { accepted: false, wrong, audited: false };
    rate = auditRate(state);
    const audited = random() < rate;
    if (audited) state = next(state, { type: "audit_answered", at, decidedAt: at, wrong, version });
    return { accepted: true, wrong, audited };
  };
  for (let decision = 0; decision < 20_000; decision++) {
    decide(rest);
    if (state.status === "revoked") return "early";
  }
  const errorOf = (items: readonly Item[]): number => {
    const kept = items.filter(({ score }) => accepts(state, score));
    return kept.filter(({ wrong }) => wrong).length / kept.length;
  };
  const [errorBefore, errorAfter] = [errorOf(rest), errorOf(hard)];
  if (errorAfter < LEAST_RISE * risk) return "harmless";
  const predicted = predictedAudits(errorAfter, risk, settings.riseLimit);
  let [audits, accepted, errors] = [0, 0, 0];
  while (audits < 10 * predicted) {
    const made = decide(hard);
    if (!made.accepted) continue;
    accepted++;
    errors += Number(made.wrong);
    audits += Number(made.audited);
    if (state.status !== "revoked") continue;
    const excess = errors - risk * accepted;
    return { errorBefore, errorAfter, auditRate: rate, audits, accepted, excess, predicted };
  }
  return "never";
}

/** Shares of the largest bet, as the rise detector has them. */
const bets = [0.25, 0.5, 1, 2, 4, 8];

/**
 * Audits until a mean of six bets reaches the limit, were each audit to add its expected logarithm (Wald): the
 * log of six times the limit over the growth of the best bet at an error of p.
 */
export function predictedAudits(p: number, risk: number, limit: number): number {
  const growths = bets.map((bet) => {
    const lambda = Math.min(0.95, (bet * risk) / (1 - risk));
    return p * Math.log1p(lambda * (1 / risk - 1)) + (1 - p) * Math.log1p(-lambda);
  });
  return Math.log(bets.length * limit) / Math.max(...growths);
}

function driftsOf(data: Data): readonly Drift[] {
  const items = (task: Task): Item[] => {
    const reference = data.logits("Yi-34B", task).map(top);
    return data
      .logits("Qwen-7B", task)
      .map((row, item) => ({ score: margin(row), wrong: top(row) !== reference[item] }));
  };
  // How far the smallest model's margin lies from sure: a covariate of the item, as its length would be, and no score of ours.
  const byHardness = (task: Task, easyShare: number): { easy: Item[]; hard: Item[] } => {
    const sure = data.logits("Qwen-1_8B", task).map((row) => Math.max(...softmax(row)));
    const all = items(task);
    const order = [...all.keys()].sort((a, b) => sure[b]! - sure[a]!).map((item) => all[item]!);
    const cut = Math.floor(easyShare * order.length);
    return { easy: order.slice(0, cut), hard: order.slice(cut) };
  };
  return [
    {
      name: "CosmosQA, the half that a 1.8B model is unsure of comes last",
      risk: 0.05,
      ...byHardness("cosmosqa_10k", 0.5),
    },
    {
      name: "CosmosQA, then HaluEval dialogues",
      risk: 0.05,
      easy: items("cosmosqa_10k"),
      hard: items("halu_dialogue"),
    },
    { name: "CosmosQA, then MMLU", risk: 0.05, easy: items("cosmosqa_10k"), hard: items("mmlu_10k") },
  ];
}
