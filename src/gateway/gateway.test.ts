/** What a client may count on: its own answer, once, on record, with what it rests on. */

import { describe, expect, test } from "vitest";
import { openGateway, teamRequest } from "../../test/support/gateway.ts";
import { certified } from "../../test/support/promises.ts";
import { StorageError } from "../core/errors.ts";
import { namesOf } from "../core/question.ts";
import { noUsage } from "../core/usage.ts";
import { memoryJournal } from "../journal/memory.ts";
import type { OpenPolicy } from "../policy/open-policy.ts";
import { cache } from "../rung/cache.ts";
import { person } from "../rung/person.ts";
import { rules } from "../rung/rules.ts";
import type { Rung } from "../rung/rung.ts";
import { scripted } from "../rung/scripted.ts";
import { createGateway } from "./gateway.ts";
import { gatewayLoopName } from "./loop.ts";

const systemOne = "/v1/systemone";
const ask = (state: string, more: object = {}): object => teamRequest(state, more);

/** Says whatever team stands in the text, and passes on what names none. */
const reader = scripted(({ about, options }) => options.find(({ name }) => about.includes(name))?.name, {
  name: "reader",
  confidence: 0.8,
});
const config = { ladder: [reader, person()] };

/** A rung that answers when it is let. */
function gated() {
  const waiting: (() => void)[] = [];
  const rung = scripted(({ options }) => new Promise((resolve) => waiting.push(() => resolve(options[0]!.name))), {
    name: "slow",
  });
  return { rung, waiting, open: () => waiting.splice(0).forEach((go) => void go()) };
}

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1));
};

describe("an answer", () => {
  test("is on record when it is sent, with its receipt", async () => {
    await using world = await openGateway({ config });
    const { status, headers, body } = await world.post(systemOne, ask("a refund"));
    expect(status).toBe(200);
    expect(body.answers.team).toMatchObject({
      choice: "refund",
      probabilities: { billing: expect.closeTo(0.2), refund: 0.8 },
    });
    const [run] = [...world.journal.runs({ loop: gatewayLoopName })];
    expect(headers.get("x-request-id")).toBe(run!.id);
    expect(run).toMatchObject({ status: "done", outcome: { output: { answers: ["refund"] } } });
    expect(world.journal.events(run!.number).map(({ type }) => type)).toEqual(["step_answered", "run_ended"]);
    expect(body.pawl).toMatchObject({ run: run!.id, at: `/v1/answers/${run!.id}`, repeated: false });
  });

  test("is each client's own, however many ask at once", async () => {
    const random = (text: string): number => text.length % 7;
    const slow = scripted(
      async ({ about, options }) => {
        await new Promise((resolve) => setTimeout(resolve, random(about)));
        return options[Number(about.split(" ")[1]) % 2]!.name;
      },
      { name: "slow" },
    );
    await using world = await openGateway({ config: { ladder: [slow] }, ...{} });
    const all = Array.from({ length: 300 }, async (_, number) => {
      const { body } = await world.post(systemOne, ask(`item ${number} ${"x".repeat(number % 11)}`));
      const [run] = [...world.journal.runs({})].filter(({ id }) => id === body.pawl.run);
      return {
        number,
        choice: body.answers.team.choice,
        about: (run!.input as never as { request: { incoming: { about: string } } }).request.incoming.about,
      };
    });
    for (const { number, choice, about } of await Promise.all(all)) {
      expect(choice).toBe(number % 2 === 0 ? "billing" : "refund");
      expect(about).toMatch(new RegExp(`^item ${number}( |$)`));
    }
  });

  test("is not sent where the journal cannot be written", async () => {
    const journal = memoryJournal();
    const append = journal.append.bind(journal);
    let isFull = true;
    journal.append = async (number, event, label) => {
      if (isFull) throw new StorageError("E_DISK_FULL", "no room in /secret/path");
      return append(number, event, label);
    };
    await using world = await openGateway({ config, journal });
    const told = await world.post(systemOne, ask("a refund"));
    expect(told).toMatchObject({ status: 500, body: { error: { code: "E_DISK_FULL" } } });
    expect(told.text).not.toContain("secret");
    isFull = false;
    expect((await world.post(systemOne, ask("a refund"))).status).toBe(200);
  });

  test("is not asked for, by the probe, while the journal cannot be written", async () => {
    const journal = memoryJournal();
    const { append } = journal;
    const { add } = journal.notes;
    const fail = (code: string): void => {
      const failing = async (): Promise<never> => {
        throw new StorageError(code, "no room");
      };
      Object.assign(journal, { append: failing });
      Object.assign(journal.notes, { add: failing });
    };
    const mend = (): void => {
      Object.assign(journal, { append });
      Object.assign(journal.notes, { add });
    };
    await using world = await openGateway({ config, journal });
    const ready = async (): Promise<number> => (await world.get("/readyz")).status;
    expect(await ready()).toBe(200);
    fail("E_DISK_FULL");
    expect((await world.post(systemOne, ask("a refund"))).status).toBe(500);
    expect(await ready()).toBe(503);
    // Nobody is sent here now: the probe itself finds out that there is room again.
    mend();
    expect(await ready()).toBe(200);
    fail("E_JOURNAL");
    await world.post(systemOne, ask("a refund"));
    expect((await world.get("/readyz")).body).toEqual({ status: "the journal cannot be written: E_JOURNAL" });
    mend();
    expect((await world.post(systemOne, ask("a refund"))).status).toBe(200);
    expect(await ready()).toBe(200);
    fail("E_LEASE_LOST");
    await world.post(systemOne, ask("a refund"));
    mend();
    await world.post(systemOne, ask("a refund"));
    expect(await ready()).toBe(503);
  });

  test("that a rung has no confidence for is 1, and its basis says what that is worth", async () => {
    const rule = rules(({ about }) => (about.includes("PIN") ? "billing" : undefined));
    const bare = scripted({}, { name: "bare" });
    const silent = {
      ...bare,
      decide: () =>
        ({ kind: "answered", value: "refund", confidence: null, basis: "none", evidence: {}, usage: noUsage }) as const,
      acceptAt: null,
    };
    await using world = await openGateway({ config: { ladder: [rule, silent] } });
    const known = (await world.post(systemOne, ask("my PIN"))).body;
    expect(known.answers.team).toMatchObject({
      choice: "billing",
      probabilities: { billing: 1, refund: 0 },
      confidence: 1,
    });
    expect(known.pawl).toMatchObject({ rung: "rules", basis: "certain", confidence: null });
    const guessed = (await world.post(systemOne, ask("?"))).body;
    expect(guessed).toMatchObject({ answers: { team: { choice: "refund" } }, pawl: { basis: "none" } });
  });

  test("is the answer, also where the rung read others as high", async () => {
    const torn = scripted(
      () => ({
        kind: "answered",
        value: "refund",
        confidence: 0.5,
        basis: "raw",
        evidence: {
          options: [
            { name: "billing", p: 0.5 },
            { name: "refund", p: 0.5 },
          ],
        },
        usage: noUsage,
      }),
      { name: "torn", acceptAt: 0.1 },
    );
    await using world = await openGateway({ config: { ladder: [torn] } });
    const { team } = (await world.post(systemOne, ask("?"))).body.answers;
    expect(team.choice).toBe("refund");
    expect(team.probabilities.refund).toBeGreaterThan(team.probabilities.billing);
    expect(team.probabilities.refund + team.probabilities.billing).toBeCloseTo(1, 12);
  });
});

describe("an Idempotency-Key", () => {
  const key = { "idempotency-key": "order-1" };

  test("asks once, and gives the same answer again", async () => {
    let asked = 0;
    const counting = scripted(() => (asked++ === 0 ? "refund" : "billing"), { name: "counting" });
    const journal = memoryJournal();
    await using world = await openGateway({ config: { ladder: [counting] }, journal });
    const first = await world.post(systemOne, ask("x"), key);
    const again = await world.post(systemOne, ask("x"), key);
    expect(again.body.answers).toEqual(first.body.answers);
    expect(again.body.pawl).toEqual({ ...first.body.pawl, repeated: true });
    expect(asked).toBe(1);
    expect((await world.post(systemOne, ask("x"), { "idempotency-key": "order-2" })).body.answers.team.choice).toBe(
      "billing",
    );
  });

  test("joins what is under way, and refuses another body", async () => {
    const { rung, waiting, open } = gated();
    await using world = await openGateway({ config: { ladder: [rung] } });
    const both = [world.post(systemOne, ask("x"), key), world.post(systemOne, ask("x"), key)];
    await until(() => waiting.length > 0);
    expect(await world.post(systemOne, ask("y"), key)).toMatchObject({
      status: 409,
      body: { error: { code: "idempotency_conflict" } },
    });
    expect(waiting.length).toBe(1);
    open();
    const [one, other] = await Promise.all(both);
    expect(one!.body.pawl.run).toBe(other!.body.pawl.run);
    expect((await world.post(systemOne, ask("y"), key)).status).toBe(409);
    expect((await world.post(systemOne, ask("x"), { "idempotency-key": "\u00e9" })).status).toBe(400);
  });

  test("of another client is another key", async () => {
    const keys = ["a-key-of-one-client", "a-key-of-another-one"];
    await using world = await openGateway({ config, keys });
    const as = (token: string) => ({ ...key, authorization: `Bearer ${token}` });
    const one = await world.post(systemOne, ask("refund"), as(keys[0]!));
    const other = await world.post(systemOne, ask("billing"), as(keys[1]!));
    expect(other).toMatchObject({ status: 200, body: { answers: { team: { choice: "billing" } } } });
    expect((await world.get(one.body.pawl.at, as(keys[1]!))).status).toBe(404);
    expect((await world.get(one.body.pawl.at, as(keys[0]!))).body.answers).toEqual(one.body.answers);
  });
});

describe("a question that goes to a person", () => {
  test("is answered later, where the reply says", async () => {
    await using world = await openGateway({ config });
    const { status, headers, body } = await world.post(systemOne, ask("murky"), { prefer: "respond-async" });
    expect({ status, at: headers.get("location") }).toEqual({ status: 202, at: body.pawl.at });
    expect(await world.get(body.pawl.at)).toMatchObject({ status: 202, body: { answers: {} } });
    const [waiting] = [...world.journal.waiting()];
    const { number } = waiting!.run;
    const { path } = waiting!.waiting;
    await world.journal.answer(number, { type: "person_answered", path, value: "billing", by: "ana" });
    const final = await world.get(body.pawl.at);
    expect(final).toMatchObject({
      status: 200,
      body: { answers: { team: { choice: "billing" } }, pawl: { rung: "person", basis: "certain" } },
    });
    expect(world.journal.run(number)!.status).toBe("done");
  });

  test("who knew no answer stays without one", async () => {
    await using world = await openGateway({ config });
    const { body } = await world.post(systemOne, ask("murky"));
    const [waiting] = [...world.journal.waiting()];
    const { path } = waiting!.waiting;
    await world.journal.answer(waiting!.run.number, {
      type: "person_answered",
      path,
      value: "none of these",
      by: "ana",
    });
    expect(await world.get(body.pawl.at)).toMatchObject({
      status: 200,
      body: { answers: {}, pawl: { standing: "unanswered" } },
    });
  });

  test("does not keep the others of its request waiting for ever", async () => {
    await using world = await openGateway({ config });
    const { questions } = ask("") as { questions: { team: object } };
    const two = {
      ...questions,
      other: { type: "choice", instructions: "And?", criteria: { refund: null, money: null } },
    };
    const { body } = await world.post(systemOne, { ...ask("money back"), questions: two });
    expect(Object.keys(body.answers)).toEqual(["other"]);
    expect(body.pawl).toMatchObject({
      standing: "waiting",
      questions: { team: { standing: "waiting" }, other: { standing: "unpromised" } },
    });
  });
});

describe("a promise", () => {
  const sure = scripted(
    (question) => {
      const confidence = question.about.includes("sure") ? 0.99 : 0.6;
      const options = namesOf(question).map((name) => ({
        name,
        p: name === "refund" ? confidence : (1 - confidence) / 2,
      }));
      return {
        kind: "answered",
        value: "refund",
        confidence,
        basis: "similarity",
        evidence: { options },
        usage: noUsage,
      };
    },
    { name: "local" },
  );
  const paid = {
    kind: "answered",
    confidence: null,
    basis: "certain",
    evidence: {},
    usage: { ...noUsage, cost: 0.01 },
  } as const;
  const frontier: Rung = {
    ...scripted({}, { name: "big", local: false, acceptAt: null, cost: 0.01 }),
    decide: ({ options }) => ({ ...paid, value: options[0]!.name }),
  };
  const serve = { risk: 0.1 };

  test("in force is told with its figures, and what went above it as escalated", async () => {
    const policy = certified([sure]) as unknown as OpenPolicy;
    const close = async (): Promise<void> => {};
    await using world = await openGateway({
      config: { ladder: [sure, frontier], serve },
      policy: Object.assign(policy, { close }),
    });
    const kept = await world.post(systemOne, ask("sure"));
    expect(kept.headers.get("pawl-standing")).toBe("certified");
    expect(kept.body.pawl).toMatchObject({
      rung: "local",
      basis: "calibrated",
      risk: 0.1,
      delta: 0.05,
      state: "probation",
    });
    expect((await world.post(systemOne, ask("dim"))).body.pawl).toMatchObject({ rung: "big", standing: "escalated" });
  });

  test("that is not in force yet sends the question up, marked, and makes a label of the answer", async () => {
    await using world = await openGateway({ config: { ladder: [sure, frontier], serve, promises: { learn: false } } });
    const { body } = await world.post(systemOne, ask("sure"));
    expect(body.pawl).toMatchObject({ standing: "uncertified", rung: "big" });
    const [label] = [...world.journal.labels.answered(body.pawl.path, body.pawl.path.slice(2))];
    expect(label).toMatchObject({ answer: { value: "billing", source: "frontier" } });
  });

  test("that is not in force lets the rung answer that the config names", async () => {
    const ladder = [rules(({ about }) => (about.includes("PIN") ? "billing" : undefined)), cache(), sure, frontier];
    let asked = 0;
    const watched: Rung = {
      ...sure,
      decide(...given) {
        asked++;
        return sure.decide(...given);
      },
    };
    const serving = (uncertified: string) => ({
      ladder: ladder.with(2, watched),
      serve: { ...serve, uncertified },
      promises: { learn: false },
    });
    await using above = await openGateway({ config: serving("big") });
    expect((await above.post(systemOne, ask("sure"))).body.pawl).toMatchObject({
      standing: "uncertified",
      rung: "big",
    });
    expect((await above.post(systemOne, ask("PIN"))).body.pawl).toMatchObject({ rung: "rules" });
    expect(asked).toBe(0);
    await using below = await openGateway({ config: serving("local") });
    const told = await below.post(systemOne, ask("sure"));
    expect(told.headers.get("pawl-standing")).toBe("uncertified");
    expect(told.body.pawl).toMatchObject({ rung: "local", basis: "similarity", confidence: 0.99 });
    expect(asked).toBe(1);
  });

  test("cannot be given for a call: it goes up, marked", async () => {
    await using world = await openGateway({ config: { ladder: [sure, frontier], serve } });
    const tools = ["look", "send"].map((name) => ({ type: "function", function: { name } }));
    const messages = [{ role: "user", content: "sure" }];
    const { body } = await world.post("/v1/chat/completions", { model: "m", messages, tools, tool_choice: "required" });
    expect(body.choices[0].message.tool_calls[0].function).toEqual({ name: "look", arguments: "{}" });
    expect(body.pawl).toMatchObject({ standing: "uncertified", rung: "big" });
  });

  test("is kept of a bounded number of questions; further ones are marked, and nothing local answers them", async () => {
    await using world = await openGateway({ config: { ladder: [sure, frontier], serve, promises: { learn: false } } });
    let uncertified = 0;
    for (const part of [0, 1]) {
      const questions = Array.from({ length: 150 }, (_, number) => {
        return {
          type: "choice",
          instructions: `Question ${part} ${number}?`,
          choices: [{ value: "billing" }, { value: "refund" }],
        };
      });
      const { body } = await world.post("/v1/decisions", { model: "m", input: "sure", questions });
      for (const { standing, rung } of Object.values(body.pawl.questions) as { standing: string; rung: string }[]) {
        expect({ standing, rung }).toEqual({ standing: "uncertified", rung: "big" });
        uncertified++;
      }
    }
    expect(uncertified).toBe(300);
    expect([...world.parts.policy.questions]).toHaveLength(200);
  });

  test("has a place for a question that the config names, however many clients make up", async () => {
    const named = { ...serve, questions: { team: {} } };
    const config = { ladder: [sure, frontier], serve: named, promises: { learn: false } };
    await using world = await openGateway({ config });
    const questions = Array.from({ length: 200 }, (_, number) => {
      const choices = [{ value: "billing" }, { value: "refund" }];
      return { type: "choice", instructions: `Question ${number}?`, choices };
    });
    await world.post("/v1/decisions", { model: "m", input: "sure", questions });
    const { body } = await world.post(systemOne, ask("sure"));
    expect(body.pawl.path).toBe("team");
    expect([...world.parts.policy.questions]).toHaveLength(201);
  });

  test("is refused at once where the ladder can bear none", async () => {
    const ladder = [sure, rules(() => undefined), frontier];
    expect(() => createGateway({ config: { ladder, serve }, journal: memoryJournal() })).toThrow(
      expect.objectContaining({ code: "E_LADDER" }),
    );
  });

  test("is about what a question says, whatever clients call it", async () => {
    await using world = await openGateway({
      config: { ladder: [reader], serve: { questions: { mood: { risk: null } } } },
    });
    const { team } = (ask("") as { questions: { team: object } }).questions;
    const pathsOf = async (questions: object): Promise<Record<string, string>> => {
      const { body } = await world.post(systemOne, { model: "m", state: "refund", questions });
      return Object.fromEntries(
        Object.entries(body.pawl.questions).map(([id, one]) => [id, (one as { path: string }).path]),
      );
    };
    const one = await pathsOf({ a: team });
    const { x, y } = await pathsOf({ x: team, y: { ...team, instructions: "Other?" } });
    expect(x).toBe(one.a);
    expect(y).not.toBe(one.a);
    expect(await pathsOf({ mood: team })).toEqual({ mood: "mood" });
    const twice = await pathsOf({ one: team, two: team });
    expect(twice).toEqual({ one: `${one.a}/0`, two: `${one.a}/1` });
  });
});

describe("too much at once", () => {
  test("is refused with a time to come again", async () => {
    const { rung, waiting, open } = gated();
    await using world = await openGateway({ config: { ladder: [rung], serve: { maxInFlight: 1, queue: 1 } } });
    const first = world.post(systemOne, ask("1"));
    await until(() => waiting.length === 1);
    const second = world.post(systemOne, ask("2"));
    const third = await world.post(systemOne, ask("3"));
    expect(third).toMatchObject({ status: 429, body: { error: { type: "rate_limit_error" } } });
    expect(Number(third.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    expect((await world.get("/metrics")).text).toMatch(/^pawl_in_flight 1\npawl_queue 1|pawl_refused_total 1/m);
    open();
    expect((await first).status).toBe(200);
    await until(() => waiting.length === 1);
    open();
    expect((await second).status).toBe(200);
  });

  test("or too slow is told where the answer will be", async () => {
    const { rung, waiting, open } = gated();
    await using world = await openGateway({ config: { ladder: [rung], serve: { seconds: 0.02 } } });
    const late = await world.post(systemOne, ask("1"));
    expect(late).toMatchObject({ status: 504, body: { error: { code: "time_limit" } } });
    expect(late.headers.get("location")).toBe(late.body.pawl.at);
    expect(await world.post(systemOne, ask("2"), { prefer: "respond-async" })).toMatchObject({ status: 202 });
    expect((await world.get(late.body.pawl.at)).status).toBe(202);
    await until(() => waiting.length === 2);
    open();
    await until(() => world.journal.counts().done === 2);
    expect(await world.get(late.body.pawl.at)).toMatchObject({
      status: 200,
      body: { answers: { team: { choice: "billing" } } },
    });
  });
});

describe("at its end", () => {
  test("it gives back what is under way, and the next one goes on with it", async () => {
    const { rung, waiting } = gated();
    const journal = memoryJournal();
    const first = await openGateway({ config: { ladder: [rung] }, journal });
    const request = first.post(systemOne, ask("x"), { "idempotency-key": "k" });
    await until(() => waiting.length === 1);
    const closed = first.gateway.close(10);
    expect((await first.get("/readyz")).status).toBe(503);
    expect((await first.get("/healthz")).status).toBe(200);
    expect(await first.post(systemOne, ask("y"))).toMatchObject({
      status: 503,
      body: { error: { code: "not_ready" } },
    });
    const told = await request;
    expect(told).toMatchObject({ status: 503, body: { error: { code: "shutting_down" } } });
    await closed;
    expect(journal.counts().ready).toBe(1);
    await using next = await openGateway({ config: { ladder: [scripted(() => "refund", { name: "slow" })] }, journal });
    expect(await next.get(told.body.pawl.at)).toMatchObject({
      status: 200,
      body: { answers: { team: { choice: "refund" } } },
    });
    const same = await next.post(systemOne, ask("x"), { "idempotency-key": "k" });
    expect(same.body).toMatchObject({ answers: { team: { choice: "refund" } }, pawl: { run: told.body.pawl.run } });
  });

  test("the next one goes on with nothing before its rungs are open, and loses none of it", async () => {
    const { rung, waiting } = gated();
    const journal = memoryJournal();
    const first = await openGateway({ config: { ladder: [rung, person()] }, journal });
    const given = first.post(systemOne, ask("x"));
    await until(() => waiting.length === 1);
    await first.gateway.close(10);
    const begun = (await given).body.pawl.at;
    await using before = await openGateway({ config, journal });
    const settled = (await before.post(systemOne, ask("a refund"))).body.pawl.at;
    const asked = (await before.post(systemOne, ask("murky"))).body.pawl.at;
    const ladder = [scripted(() => "refund", { name: "slow" }), person()];
    const next = createGateway({ config: { ladder }, journal });
    const get = (path: string): Promise<Response> => next.fetch(new Request(`http://localhost${path}`));
    const told = await get(begun);
    expect({ status: told.status, again: told.headers.get("retry-after") }).toEqual({ status: 503, again: "1" });
    expect((await get(settled)).status).toBe(200);
    expect((await get(asked)).status).toBe(202);
    expect(journal.counts()).toMatchObject({ ready: 1, waiting: 1 });
    await next.open();
    expect(await (await get(begun)).json()).toMatchObject({ answers: { team: { choice: "refund" } } });
    await next.close(10);
  });

  test("it waits for what is nearly done", async () => {
    const { rung, waiting, open } = gated();
    const world = await openGateway({ config: { ladder: [rung] } });
    const request = world.post(systemOne, ask("x"));
    await until(() => waiting.length === 1);
    const closed = world.gateway.close(60_000);
    open();
    expect((await request).status).toBe(200);
    await closed;
  });
});

test("what goes wrong inside is not told to clients", async () => {
  const failures: unknown[] = [];
  const journal = memoryJournal();
  journal.begin = async () => {
    throw new Error("/secret/path is on fire");
  };
  await using world = await openGateway({ config, journal, failed: (thrown) => failures.push(thrown) });
  const told = await world.post(systemOne, ask("x"));
  expect(told).toMatchObject({ status: 500, body: { error: { code: "internal_error" } } });
  expect(told.text).not.toContain("secret");
  expect(String(failures[0])).toContain("/secret/path");
});
