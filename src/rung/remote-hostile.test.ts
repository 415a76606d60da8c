/**
 * The whole ladder over everything that a server can do wrong: each fault is found and named, bounded in requests, time
 * and money, on record, and nothing is done on the strength of it.
 */

import { afterEach, describe, expect, test } from "vitest";
import { countingTool, loopOf } from "../../test/support/loops.ts";
import { type Bench, bench } from "../../test/support/run-loop.ts";
import type { Attempt } from "../core/answer.ts";
import type { StepAnswered, StepWaiting } from "../core/event.ts";
import type { Json } from "../core/json.ts";
import { type Clock, realClock } from "../net/clock.ts";
import { type HostileFault, type HostileFaultName, hostileFaults } from "../testing/hostile-faults.ts";
import { type HostileOptions, type HostileServer, startHostileServer } from "../testing/hostile-server.ts";
import type { WireName } from "../wire/wire.ts";
import { person } from "./person.ts";
import { type RemoteOptions, remoteSettings } from "./remote-options.ts";
import { RemoteRung } from "./remote-rung.ts";

const price = { input: 1, output: 2, updated: "2026-11-01" };
/** Where silence is what is tested; all else has time, for slow machines. In seconds. */
const patience: { readonly [fault in HostileFaultName]?: number } = {
  "stall before the reply": 0.15,
  "stall mid-stream": 0.15,
  "slow-loris": 0.15,
};
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Met {
  readonly started: Bench;
  readonly server: HostileServer;
  /** Milliseconds that were slept between tries. */
  readonly slept: readonly number[];
}

type Verbs = "choose" | "pick";
const refund = () => countingTool("refund", "write");

/** A ladder of a rung on the server, then a person; one item through it. */
async function meet(verb: Verbs, hostile: HostileOptions, options: RemoteOptions, tool = refund()): Promise<Met> {
  const server = await startHostileServer({ pause: 5, ...hostile });
  const slept: number[] = [];
  let skipped = 0;
  const clock: Clock = {
    ...realClock,
    now: () => realClock.now() + skipped,
    random: () => 1,
    async sleep(milliseconds) {
      slept.push(milliseconds);
      skipped += milliseconds;
    },
  };
  const timeoutSeconds = (hostile.fault && patience[hostile.fault]) ?? 20;
  const rung = new RemoteRung(remoteSettings(server.url, "hostile", { price, timeoutSeconds, ...options }), clock);
  const loop = loopOf(async (step) => {
    if (verb === "choose") {
      return (await step.choose("team", { about: "A parcel is late", ask: "?", options: ["billing", "shipping"] }))
        .value;
    }
    const picked = await step.pick("act", { about: "Refund order 7", ask: "?", tools: [tool] });
    return picked.value === null ? null : (await step.call("do", picked.value)).kind;
  });
  const started = bench(loop, [rung, person()]);
  closing.push(
    async () => await server[Symbol.asyncDispose](),
    () => started.parts.close(),
  );
  await started.go();
  return { started, server, slept };
}

function firstTry({ started }: Met): Attempt {
  const event = started.events.find(({ type }) => type === "step_answered" || type === "step_waiting");
  return (event as StepAnswered | StepWaiting).trail[0]!;
}

/** Right answers: letters where no schema is sent, a call where one is offered. */
const scripts: { readonly [verb in Verbs]: HostileOptions["script"] } = {
  choose: ({ schema, questions, wire }): Json | undefined => {
    if (questions[0]) return undefined;
    return schema ? "shipping" : wire === "ollama" || wire === "chat" ? "B" : "shipping";
  },
  pick: ({ questions }): Json | undefined => (questions[0] ? undefined : { tool: "refund", args: { n: 7 } }),
};

function optionsFor(fault: HostileFault, wire: WireName): RemoteOptions {
  const structure = fault.finds === "tool choice ignored" ? { structure: "tool" as const } : {};
  return { wire, logprobs: fault.finds.startsWith("logprobs"), ...structure };
}

const cases = hostileFaults
  .filter(({ where }) => where !== "probe")
  .flatMap((fault) =>
    // On the way the format makes no difference.
    (fault.where === "transport" ? fault.wires.slice(0, 1) : fault.wires).map((wire) => ({ ...fault, fault, wire })),
  );

describe.each(cases)("$name over $wire", ({ name, wire, fault }) => {
  test("is found and named, and bounded in requests, time and money", async () => {
    const met = await meet("choose", { fault: name, script: scripts.choose }, optionsFor(fault, wire));
    const { evidence, usage, kind } = firstTry(met);
    expect(evidence?.faults).toContain(fault.finds);
    expect(evidence?.host).toBe(new URL(met.server.url).host);
    if (!fault.mayStand) {
      expect(kind).toBe("escalated");
      expect(met.started.run.status).toBe("waiting");
    }
    // What may have been carried out is paid perhaps, and is not sent a second time.
    expect(met.server.requests.length).toBeLessThanOrEqual(fault.maybeDone ? 1 : 4);
    expect(met.server.strayed).toBe(0);
    expect(met.slept.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(60_000);

    const { calls, open, unpriced, cost, maybePaidTwice } = met.started.journal.calls.totals();
    expect({ calls, open, maybePaidTwice }).toEqual({ calls: 1, open: 0, maybePaidTwice: 0 });
    const isUncounted = fault.maybeDone || evidence?.faults?.some((one) => one.startsWith("usage"));
    if (isUncounted) expect(unpriced).toBe(1);
    if (usage) expect(usage.cost).toBe(unpriced === 1 ? null : cost);
    if (fault.where === "transport" && !fault.maybeDone) expect({ cost, unpriced }).toEqual({ cost: 0, unpriced: 0 });
  });

  test.skipIf(wire === "systemone" || wire === "decisions")("lets no tool change the world", async () => {
    const tool = refund();
    const met = await meet("pick", { fault: name, script: scripts.pick }, optionsFor(fault, wire), tool);
    if (fault.mayStand) return expect(tool.executed.length).toBeLessThanOrEqual(1);
    expect(tool.executed).toEqual([]);
    expect(met.started.run.status).toBe("waiting");
  });
});

describe("(control) a server that does nothing wrong", () => {
  test.each<WireName>(["chat", "ollama", "messages"])("over %s has its call made, once", async (wire) => {
    const tool = refund();
    const met = await meet("pick", { script: scripts.pick }, { wire }, tool);
    expect(firstTry(met).evidence?.faults).toBeUndefined();
    expect(tool.executed).toMatchObject([{ n: 7 }]);
    expect(met.started.run.status).toBe("done");
    expect(met.started.journal.calls.totals()).toMatchObject({ calls: 1, open: 0, unpriced: 0 });
  });

  test.each<WireName>(["systemone", "decisions"])("over %s has its answer stand", async (wire) => {
    const met = await meet("choose", { script: scripts.choose, sure: 0.95 }, { wire });
    expect(met.started.run.status).toBe("done");
  });
});

/** What many a client does: takes the first JSON that is somewhere in the reply, and calls what it names. */
async function naiveCall(url: string): Promise<unknown> {
  const tools = [{ type: "function", function: { name: "refund", parameters: { type: "object", properties: {} } } }];
  const body = JSON.stringify({ model: "hostile", messages: [{ role: "user", content: "Refund order 7" }], tools });
  const reply = await fetch(`${url}/v1/chat/completions`, { method: "POST", body });
  const text = await reply.text();
  const calls = /"arguments":"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? /\{[^{}]*\\"n\\":\s*\d+[^{}]*\}/.exec(text)?.[0];
  return calls === undefined ? null : calls;
}

describe("(control) a client that believes what it reads", () => {
  test.each<HostileFaultName>([
    "wrong model",
    "tool call as JSON text",
    "tool call as name[ARGS]",
    "tool call as [TOOL_CALLS]",
    "answer in reasoning",
    "prompt truncation with 200",
  ])("would make the call on %s", async (fault) => {
    const server = await startHostileServer({ fault, script: { n: 7 } });
    closing.push(async () => await server[Symbol.asyncDispose]());
    expect(await naiveCall(server.url)).not.toBeNull();
  });
});
