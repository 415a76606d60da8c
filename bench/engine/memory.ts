// Whether memory stays flat over thousands of decisions, and whether a process that is killed loses any of them.
import { execFileSync } from "node:child_process";
import type { EmbeddedChat } from "../../src/engine/chat.ts";
import type { Row } from "../bench.ts";
import type { Measured } from "../parts.ts";
import { question } from "./questions.ts";
import { deadline, type Setup } from "./setup.ts";

const columns = {
  model: "model",
  process: "process",
  tenth: "MB after a tenth",
  half: "MB after half",
  end: "MB at the end",
  firstPeak: "peak, first half",
  secondPeak: "peak, second half",
  slope: "MB per 1,000 decisions, second half",
  decisions: "decisions",
};

/** MB resident in the engine's process and in this one, after so many decisions. */
interface Sample {
  readonly decisions: number;
  readonly child: number;
  readonly parent: number;
}

/** What became of answers that were asked for while their process was killed, and of those between. */
interface Kills {
  readonly kills: number;
  readonly lost: number;
  /** Another number than before the kills. */
  readonly changed: number;
  readonly asked: number;
}

/** The tiny model for many decisions, the default one for as many as its speed allows; both take short items. */
export async function measureMemory(setup: Setup): Promise<Measured> {
  const rows: Row[] = [];
  const growth: number[] = [];
  const add = async (model: string, engine: EmbeddedChat, decisions: number): Promise<void> => {
    const samples = await sample(setup, engine, decisions, setup.seconds / 2);
    const last = samples.at(-1)!;
    const near = (share: number): Sample => samples.find((one) => one.decisions >= share * last.decisions)!;
    for (const where of ["child", "parent"] as const) {
      // The collector lets memory rise and fall, so peaks are compared with peaks.
      const halves = [false, true].map((late) =>
        samples.filter((one) => one.decisions > last.decisions / 2 === late).map((one) => one[where]),
      );
      const [firstPeak, secondPeak] = halves.map((half) => Math.max(...half)) as [number, number];
      growth.push(secondPeak - firstPeak);
      rows.push({
        model,
        process: where === "child" ? "engine" : "parent",
        tenth: near(0.1)[where],
        half: near(0.5)[where],
        end: last[where],
        firstPeak,
        secondPeak,
        slope: slope(
          samples.filter((one) => one.decisions >= last.decisions / 2).map((one) => [one.decisions, one[where]]),
        ),
        decisions: last.decisions,
      });
    }
  };
  const tiny = await setup.open(setup.data.tinyModel);
  await add("tiny, 260 thousand parameters", tiny, setup.size(5000, 300)).finally(() => tiny.close());
  const engine = await setup.chat();
  let killed: Kills;
  try {
    await add("default", engine, setup.size(1000, 40));
    killed = await killInMidPass(setup, engine);
  } finally {
    await engine.close();
  }
  const { kills, lost, changed, asked } = killed;
  rows.push({
    model: "default",
    process: `engine, killed in mid-pass ${kills} times: ${lost} answers lost, ${changed} changed`,
    decisions: asked,
  });
  return {
    title: "Memory and kills",
    columns,
    rows,
    values: {
      "memory-growth-mb": Math.max(...growth),
      "answers-lost-to-kills": lost,
      "answers-changed-by-kills": changed,
    },
  };
}

async function sample(setup: Setup, engine: EmbeddedChat, decisions: number, seconds: number): Promise<Sample[]> {
  const prefix = await engine.prepare(shortQuestion);
  const items = shortItems(setup);
  const every = Math.max(1, Math.floor(decisions / 50));
  const up = deadline(seconds);
  const samples: Sample[] = [];
  for (let done = 0; done < decisions && !up(); ) {
    await engine.score({ prefix, item: items[done % items.length]! });
    if (++done % every !== 0) continue;
    samples.push({
      decisions: done,
      child: megabytes((await engine.pool.processes[0]!.pid())!),
      parent: megabytes(process.pid),
    });
    if (done % (every * 10) === 0) console.log(`  ${JSON.stringify(samples.at(-1))}`);
  }
  return samples;
}

/** Kills the engine's process while a pass runs, again and again, and counts answers that did not come or came different. */
async function killInMidPass(setup: Setup, engine: EmbeddedChat): Promise<Kills> {
  const prefix = await engine.prepare(shortQuestion);
  const items = shortItems(setup).slice(0, setup.quick ? 3 : 20);
  const undisturbed = [];
  let took = 0;
  for (const item of items) {
    const begun = performance.now();
    undisturbed.push((await engine.score({ prefix, item })).logp);
    took = performance.now() - begun;
  }
  const found = { kills: 0, lost: 0, changed: 0, asked: items.length };
  for (const [index, item] of items.entries()) {
    // The first request after a kill also loads the model; every other item is killed so that passes are what dies.
    const kill = index % 2 === 0;
    const pid = (await engine.pool.processes[0]!.pid())!;
    const scored = engine.score({ prefix, item }).then(
      ({ logp }) => logp,
      () => null,
    );
    if (kill) {
      await new Promise((resolve) => setTimeout(resolve, took / 2));
      found.kills += Number(process.kill(pid, "SIGKILL"));
    }
    const logp = await scored;
    if (logp === null) found.lost++;
    else found.changed += Number(JSON.stringify(logp) !== JSON.stringify(undisturbed[index]));
  }
  return found;
}

const shortQuestion = question(
  "short",
  { card: "", cash: "", transfer: "" },
  "This message is about:",
  "What is this message about?",
).prefix;

function shortItems(setup: Setup): readonly string[] {
  return setup.data.banking77.test.filter(({ text }) => text.length < 60).map(({ text }) => text);
}

function megabytes(pid: number): number {
  return Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" })) / 1024;
}

/** Least squares, for each thousand. `null` from fewer than two points. */
function slope(points: readonly (readonly [number, number])[]): number | null {
  if (points.length < 2) return null;
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(points.map(([at]) => at)), mean(points.map(([, value]) => value))];
  const over = points.reduce((sum, [at, value]) => sum + (at - x) * (value - y), 0);
  return (1000 * over) / points.reduce((sum, [at]) => sum + (at - x) ** 2, 0);
}
