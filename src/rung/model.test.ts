import { expect, test } from "vitest";
import { askAbout } from "../../test/support/question.ts";
import type { Reply } from "../core/answer.ts";
import type { Question, QuestionSpec, Repair } from "../core/question.ts";
import { FakeChat, type FakeChatScript, FakeEncoder } from "../engine/fake.contract.ts";
import { memoryJournal } from "../journal/memory.ts";
import { type ModelRungOptions, model } from "./model.ts";
import { rungContract } from "./rung.contract.ts";
import type { OpenNeeds } from "./rung.ts";

function needsOf(notes: Map<string, string> = new Map()): OpenNeeds {
  return {
    notes: { get: (key) => notes.get(key), set: (key, value) => void notes.set(key, value), add: async () => 0 },
    vectors: { get: () => undefined, set: () => {} },
    recall: () => undefined,
    calls: memoryJournal().calls,
    say: () => {},
  };
}

const context = {
  signal: new AbortController().signal,
  run: "r",
  item: null,
  suggestion: null,
  repair: null as Repair | null,
};
const options = [
  { name: "cards", description: "a lost card" },
  { name: "cash", description: "cash machines" },
];
const tools = [
  {
    name: "find_order",
    description: "Look up an order.",
    effect: "read" as const,
    input: {
      type: "object",
      properties: { order: { type: "string", pattern: "^[A-Z]{2}\\d{6}$" } },
      required: ["order"],
    },
  },
  {
    name: "reply",
    description: "Write to the customer.",
    effect: "write" as const,
    input: { type: "object", properties: { text: { type: "string" } }, required: ["text"] },
  },
];

function ask(about: string, spec: Partial<QuestionSpec> = {}): Question {
  return askAbout(about, { options, ...spec });
}

const pick = (about: string, spec: Partial<QuestionSpec> = {}) =>
  ask(about, { verb: "pick", options: tools, tools, ...spec });

async function opened(script: FakeChatScript = {}, options: ModelRungOptions = {}, notes = new Map<string, string>()) {
  const engine = new FakeChat(script);
  const rung = model("smollm2-135m", { engine, ...options });
  await rung.open?.(needsOf(notes));
  return { rung, engine, notes };
}

/** What a server says that hides every choice. */
const noScore = {
  logp: [-9, -9],
  unread: 0.0002,
  mass: 0,
  massInterval: [0, 0.0002] as const,
  basis: "raw" as const,
  shape: "server",
  newTokens: 1,
  milliseconds: 1,
};

function answered(reply: Reply): Extract<Reply, { kind: "answered" }> {
  if (reply.kind !== "answered") throw new Error(`not answered: ${JSON.stringify(reply)}`);
  return reply;
}

test("is named after its model, local, free, and careful by default", () => {
  expect(model("some/SmolLM2.gguf")).toMatchObject({ name: "model:SmolLM2", local: true, mostCost: 0, acceptAt: 0.9 });
});

test("chooses by the names behind the cue, with mass, margin and what it read", async () => {
  const { rung, engine } = await opened();
  const reply = answered(await rung.decide(ask("my cards are lost"), context));
  expect(reply).toMatchObject({
    value: "cards",
    basis: "raw",
    confidence: expect.closeTo(0.5 / 0.51, 6),
    evidence: {
      mass: expect.closeTo(0.51, 6),
      margin: expect.closeTo(Math.log(50), 6),
      prior: { items: 1, corrected: false },
    },
    usage: { inputTokens: 4, cost: 0 },
  });
  expect(reply.evidence.logp).toEqual([Math.log(0.5), Math.log(0.01)]);
  const [prefix] = [...engine.prefixes.values()];
  expect(prefix).toMatchObject({ cue: "Answer:", choices: [" cards", " cash"] });
  expect(prefix!.instructions).toContain("- cards: a lost card");
});

test("the prior is off until thirty items, then taken off, and frozen after sixty-four", async () => {
  // A model that always likes "cash" ten times better, and "cards" twice as much where the item says so.
  const logp = (choice: string, item: string) => Math.log(choice === "cash" ? 0.5 : item.includes("card") ? 0.1 : 0.05);
  const { rung, notes } = await opened({ logp });
  const said: unknown[] = [];
  for (let index = 0; index < 100; index++) {
    const reply = answered(await rung.decide(ask(`${index % 2 === 0 ? "a card" : "money"} ${index}`), context));
    said.push(reply.value);
    expect(reply.evidence.prior).toEqual({ items: Math.min(64, index + 1), corrected: index >= 29 });
  }
  expect(said.slice(0, 29)).toEqual(new Array(29).fill("cash"));
  expect(said.slice(30)).toEqual(Array.from({ length: 70 }, (_, index) => (index % 2 === 0 ? "cards" : "cash")));
  // It outlives the process, and the same item does not count twice.
  const later = await opened({ logp }, {}, notes);
  expect(answered(await later.rung.decide(ask("a card 0"), context)).evidence.prior).toEqual({
    items: 64,
    corrected: true,
  });
  // Another question has a prior of its own, and it can be switched off.
  const other = answered(await later.rung.decide(ask("a card", { ask: "Whose?" }), context));
  expect(other.evidence.prior).toEqual({ items: 1, corrected: false });
  const without = await opened({ logp }, { prior: false }, notes);
  expect(answered(await without.rung.decide(ask("a card"), context)).value).toBe("cash");
});

test("a frozen prior lets branches go unread; one item in a hundred is read in full and shows its drift", async () => {
  const drifts = { by: 0 };
  const logp = (choice: string) => Math.log(choice === "cash" ? 0.6 : 0.2) - drifts.by;
  const { rung, engine } = await opened({ logp, leaves: (choice) => choice === "cash" });
  const everyOf = async (from: number, to: number) => {
    engine.scored.length = 0;
    let last = null;
    for (let index = from; index < to; index++) last = await rung.decide(ask(`money ${index}`), context);
    return { read: engine.scored.map(({ every }) => every), last: answered(last!) };
  };
  expect((await everyOf(0, 64)).read).toEqual(new Array(64).fill(true));
  drifts.by = 1;
  const { read, last } = await everyOf(64, 6064);
  const audited = read.filter(Boolean).length;
  expect(audited).toBeGreaterThan(30);
  expect(audited).toBeLessThan(120);
  // What the learned mean was stays; that it no longer holds is said.
  expect(last.evidence.prior).toEqual({ items: 64, corrected: true, drift: expect.closeTo(1, 6) });
  expect(engine.scored.at(-1)?.bias?.[0]).toBeCloseTo(-Math.log(0.2), 6);
});

test("the probability that counts is the lowest that it can be, and a branch not read is an interval", async () => {
  const { rung } = await opened({ leaves: (choice) => choice === "cash" }, { prior: false });
  const { confidence, evidence } = answered(await rung.decide(ask("my cards are lost"), context));
  expect(confidence).toBeCloseTo(0.5 / 0.51, 9);
  expect(evidence.interval).toEqual([expect.closeTo(0.5 / 0.51, 9), 1]);
  expect(evidence.options?.[0]).toEqual({ name: "cards", p: expect.closeTo(0.5 / 0.51, 9) });
  expect(evidence.options?.[1]).toMatchObject({ name: "cash", atMost: expect.closeTo(0.02, 9) });
  expect(evidence.options!.reduce((sum, { p }) => sum + p, 0)).toBeCloseTo(1, 9);
  expect(evidence.entropy).toBeGreaterThan(0);
});

test("options that are close are read in both orders, and a flip is said", async () => {
  // A model that likes whatever stands first.
  const logp = (choice: string, _: string, { instructions }: { instructions: string }) =>
    instructions.indexOf(`- ${choice}:`) === 0 ? -1 : -1.4;
  const { rung, engine } = await opened({ logp }, { orderMargin: 0.5, prior: false });
  const { evidence, confidence } = answered(await rung.decide(ask("my cards are lost"), context));
  expect(engine.scored).toHaveLength(2);
  expect(evidence.order).toEqual({ flipped: true });
  expect(evidence.margin).toBeCloseTo(0, 9);
  expect(confidence).toBeCloseTo(0.5, 9);
  const far = await opened({ logp }, { orderMargin: 0.3, prior: false });
  expect(answered(await far.rung.decide(ask("my cards are lost"), context)).evidence.order).toBeUndefined();
  expect(far.engine.scored).toHaveLength(1);
});

test("orders are averaged with both priors taken off, or with neither", async () => {
  // Whatever stands first is liked by two nats; "cash" is liked by three anyway.
  const logp = (choice: string, item: string, { instructions }: { instructions: string }) =>
    (instructions.startsWith(`- ${choice}:`) ? -1 : -3) -
    (choice === "cash" ? 0 : 3) +
    (item.includes(choice) ? 0.9 : 0);
  const notes = new Map<string, string>();
  const first = await opened({ logp }, {}, notes);
  for (let index = 0; index < 64; index++) await first.rung.decide(ask(`money ${index}`), context);
  // The first order has its prior, the other has none yet: neither is taken off.
  const { rung, engine } = await opened({ logp }, { orderMargin: 0.5 }, notes);
  const early = answered(await rung.decide(ask("about cards"), context));
  expect(early).toMatchObject({ value: "cash", evidence: { prior: { corrected: false }, order: { flipped: false } } });
  for (let index = 0; index < 64; index++) await rung.decide(ask(`coins ${index}`), context);
  const late = answered(await rung.decide(ask("all cards"), context));
  expect(late).toMatchObject({ value: "cards", evidence: { prior: { corrected: true } } });
  // Once both are learned, only what is close is read twice.
  engine.scored.length = 0;
  await rung.decide(ask("more cards"), context);
  expect(engine.scored).toHaveLength(1);
});

test("a repair is corrected by the prior, and teaches none; nothing but bounds is no answer", async () => {
  const logp = (choice: string, item: string) => (choice === "cash" ? -1 : -4) + (item.includes(choice) ? 1 : 0);
  const { rung } = await opened({ logp });
  for (let index = 0; index < 64; index++) await rung.decide(ask(`money ${index}`), context);
  const repair = { previous: "x", path: "", message: "not that" };
  const reply = answered(await rung.decide(ask("my cards"), { ...context, repair }));
  expect(reply).toMatchObject({ value: "cards", evidence: { prior: { items: 64, corrected: true } } });
  const server = new FakeChat();
  const vague = model("some", {
    engine: Object.assign(server, { score: async () => ({ ...noScore, exact: [false, false] }) }),
  });
  await vague.open?.(needsOf());
  expect(answered(await vague.decide(ask("my cards"), context)).confidence).toBeNull();
});

test("the nearest examples stand before the item, with a prior of their own, and not before other steps", async () => {
  const of = {
    team: [
      { text: "my card is lost", answer: "cards" },
      { text: "the machine kept my money", answer: "cash" },
      { text: "my card is stolen", answer: "a team that is gone" },
    ],
  };
  const encoder = new FakeEncoder();
  const logp = (choice: string, item: string) => (item.includes(`Answer: ${choice}`) ? -0.1 : -3);
  const { rung, engine, notes } = await opened({ logp }, { examples: { of, count: 1, engine: encoder } });
  const reply = answered(await rung.decide(ask("lost my card today"), context));
  expect(reply).toMatchObject({ value: "cards", evidence: { examples: 1 } });
  expect(engine.asked.at(-1)?.item).toBe("my card is lost\nAnswer: cards\n\nlost my card today");
  expect([...notes.keys()].some((key) => key.endsWith("/examples"))).toBe(true);
  // The answer of the nearest is not on offer any more: nothing is shown rather than something wrong.
  expect(answered(await rung.decide(ask("card is stolen"), context)).evidence.examples).toBeUndefined();
  const long = await opened({ logp, limit: 6 }, { examples: { of, engine: encoder } });
  expect(answered(await long.rung.decide(ask("lost my card today"), context)).evidence.examples).toBeUndefined();
  const other = await opened({ logp }, { examples: { of: { another: of.team }, engine: encoder } });
  expect(answered(await other.rung.decide(ask("lost my card today"), context)).evidence.examples).toBeUndefined();
  expect(await rung.decide(ask(" "), context)).toMatchObject({
    kind: "escalated",
    reason: expect.stringContaining("E_EMPTY"),
  });
  await expect(opened({}, { examples: { of, count: 0, engine: encoder } })).rejects.toThrow("whole number from 1");
});

test("a model that follows letters is asked by them where names begin alike, and the answer is a name", async () => {
  const alike = [
    { name: "card payment", description: "a payment by card" },
    { name: "card delivery", description: "a card in the mail" },
  ];
  // It reads what stands behind each letter: the words of the item, else of the right answers that it is probed with.
  const probed = ["weather", "cooking", "travel", "sport", "health", "music", "cars", "gardening"];
  const items = ["rain", "recipe", "flight", "goalkeeper", "tooth", "violin", "engine", "tulips"];
  const logp = (choice: string, item: string, { instructions }: { instructions: string }) => {
    const line = instructions.split("\n").find((each) => each.startsWith(`${choice}. `)) ?? "";
    const right = probed[items.findIndex((word) => item.includes(word))] ?? "delivery";
    return line.includes(right) ? -0.1 : -4;
  };
  const { rung, engine } = await opened({ logp }, { prior: false });
  const reply = answered(await rung.decide(ask("where is my card", { options: alike }), context));
  expect(reply).toMatchObject({ value: "card delivery", evidence: { byLetter: true } });
  expect([...engine.prefixes.values()].at(-1)).toMatchObject({ choices: [" A", " B"] });
  expect([...engine.prefixes.values()].at(-1)!.instructions).toContain(
    "A. card payment: a payment by card\nB. card delivery",
  );
  // By name where they differ at once, and where letters are switched off.
  expect(answered(await rung.decide(ask("my cards are lost"), context)).evidence.byLetter).toBeUndefined();
  const named = await opened({ logp }, { prior: false, letters: false });
  expect(answered(await named.rung.decide(ask("x", { options: alike }), context)).evidence.byLetter).toBeUndefined();
  expect(named.engine.scored).toHaveLength(1);
});

test("the sketch is kept where it is asked for, in 1,024 bytes", async () => {
  const { rung } = await opened({}, { sketch: true });
  const { sketch } = answered(await rung.decide(ask("my cards are lost"), context)).evidence;
  expect(Buffer.from(sketch!, "base64")).toHaveLength(1024);
  expect((await opened()).engine.scored).toEqual([]);
  expect(answered(await (await opened()).rung.decide(ask("x cards"), context)).evidence.sketch).toBeUndefined();
});

test("a burst of one item teaches the prior once", async () => {
  const { rung } = await opened();
  for (let index = 0; index < 40; index++) {
    const reply = answered(await rung.decide(ask("my cards"), context));
    expect(reply.evidence.prior?.items).toBe(1);
  }
});

test("choosing the way out escalates with what it read", async () => {
  const { rung } = await opened();
  const reply = await rung.decide(ask("this is none of these", { otherwise: "none of these" }), context);
  expect(reply).toMatchObject({ kind: "escalated", reason: expect.stringContaining("none of these") });
  expect(reply).toMatchObject({
    evidence: { options: [{ name: "cards" }, { name: "cash" }, { name: "none of these" }] },
  });
});

test("no number is no confidence, never a guess", async () => {
  const { rung } = await opened({ logp: () => Number.NaN });
  expect(answered(await rung.decide(ask("x"), context)).confidence).toBeNull();
});

test("picks a tool and fills its arguments from the item", async () => {
  const { rung } = await opened();
  const reply = answered(await rung.decide(pick("please find_order AB123456"), context));
  expect(reply.value).toEqual({ tool: "find_order", args: { order: "AB123456" } });
  // The tool's probability times that of its least sure argument.
  expect(reply.confidence).toBeCloseTo((0.5 / 0.51) * 0.8, 6);
  expect(reply.evidence.fields).toEqual({ order: { how: "copied", confidence: expect.closeTo(0.8, 6) } });
});

test("long free text bears no decision, short text does", async () => {
  const long = "Dear customer, we are sorry to hear that and will send another one.";
  const { rung } = await opened({ values: (item) => [item.includes("long") ? long : "No."] });
  const tool = 0.5 / 0.51;
  expect(answered(await rung.decide(pick("reply long"), context)).confidence).toBeCloseTo(tool, 6);
  expect(answered(await rung.decide(pick("reply short"), context)).confidence).toBeCloseTo(tool * 0.7, 6);
});

test("the answer that ends a loop needs no arguments", async () => {
  const finish = { name: "finish", description: "There is nothing more to do." };
  const { rung } = await opened();
  const reply = answered(await rung.decide(pick("finish now", { options: [...tools, finish] }), context));
  expect(reply.value).toEqual({ tool: "finish", args: {} });
});

test("a schema that cannot be honoured escalates with the keyword's name", async () => {
  const { rung } = await opened();
  const fields = { type: "object", unevaluatedProperties: false };
  const reply = await rung.decide(ask("x", { verb: "extract", fields }), context);
  expect(reply).toMatchObject({
    kind: "escalated",
    reason: expect.stringMatching(/unevaluatedProperties.*E_SCHEMA_UNSUPPORTED/),
  });
});

test("extracts with the confidence of its least sure field", async () => {
  const { rung } = await opened();
  const fields = {
    type: "object",
    properties: {
      order: { type: "string", pattern: "^[A-Z]{2}\\d{6}$" },
      kind: { enum: ["refund", "question"], description: "what is wanted" },
    },
    required: ["order", "kind"],
  };
  const reply = answered(await rung.decide(ask("a refund of AB123456", { verb: "extract", fields }), context));
  expect(reply.value).toEqual({ order: "AB123456", kind: "refund" });
  expect(reply.confidence).toBeCloseTo(0.8, 6);
});

test("writes; a text without an end, an empty one and the way out escalate", async () => {
  const write = (text: string, maxTokens = 10) => ask(text, { verb: "write", maxTokens, otherwise: "cannot" });
  const { rung } = await opened({ text: (item) => item });
  expect(answered(await rung.decide(write("all is well"), context))).toMatchObject({
    value: "all is well",
    confidence: 0.5,
  });
  expect(await rung.decide(write("one two three", 2), context)).toMatchObject({
    kind: "escalated",
    reason: expect.stringContaining("2 tokens"),
  });
  expect(await rung.decide(write(" "), context)).toMatchObject({ kind: "escalated" });
  expect(await rung.decide(write("cannot"), context)).toMatchObject({
    kind: "escalated",
    reason: expect.stringContaining("way out"),
  });
});

test("a text ends at its stop, and is shown while it is written", async () => {
  const { rung } = await opened({ text: () => "Dear Ann,\n\nBye" });
  const shown: string[] = [];
  const onText = (piece: string) => void shown.push(piece);
  const asked = ask("x", { verb: "write", options: [], maxTokens: 20, stop: ["\n\n"], onText });
  expect(answered(await rung.decide(asked, context)).value).toBe("Dear Ann,");
  expect(shown.join("")).toBe("Dear Ann,");
  const other = ask("x", { verb: "write", options: [], maxTokens: 20, stop: [] });
  expect(asked.version).not.toBe(other.version);
});

test("a repair is shown to the model behind the item, and teaches no prior", async () => {
  const { rung, engine } = await opened();
  const repair = { previous: { tool: "reply" }, path: "args.text", message: "too short" };
  const reply = answered(await rung.decide(pick("reply"), { ...context, repair }));
  expect(engine.asked.at(-1)?.item).toBe(
    'reply\n\nAn earlier answer was wrong at args.text: {"tool":"reply"}\ntoo short',
  );
  expect(reply.evidence.prior).toEqual({ items: 0, corrected: false });
});

test("an item that is too long is refused, or read in pieces by the author's rule", async () => {
  const { rung } = await opened({ limit: 5 });
  const long = "cards cards cards and some words more";
  expect(await rung.decide(ask(long), context)).toMatchObject({
    kind: "escalated",
    reason: expect.stringMatching(/7 tokens.*room for 5.*E_TOO_LONG/),
  });
  const split = (about: string) => [about.split(" ").slice(0, 4).join(" "), about.split(" ").slice(4).join(" ")];
  const reply = answered(await rung.decide(ask(long, { split }), context));
  expect(reply).toMatchObject({
    value: "cards",
    evidence: { pieces: 2, logp: [Math.log(0.5) / 2 + Math.log(0.01) / 2, Math.log(0.01)] },
  });
});

test("a broken engine is thrown, an engine that was given is not closed", async () => {
  const { rung, engine } = await opened();
  await rung.close?.();
  expect(engine.closed).toBe(false);
  await expect(async () => rung.decide(ask("x"), context)).rejects.toMatchObject({ code: "E_NOT_OPEN" });
  await rung.open?.(needsOf());
  await engine.close();
  await expect(async () => rung.decide(ask("x"), context)).rejects.toMatchObject({ code: "E_ENGINE_CLOSED" });
});

test("options without descriptions are named in one line, the way out among them", async () => {
  const { rung, engine } = await opened();
  const yesNo = ["yes", "no"].map((name) => ({ name, description: "" }));
  await rung.decide(ask("yes", { verb: "judge", ask: "Is it?", options: yesNo, otherwise: "cannot tell" }), context);
  const [prefix] = [...engine.prefixes.values()];
  expect(prefix!.instructions).toBe("Is it?\nAnswer with one of: yes, no, cannot tell.");
  expect(prefix!.choices).toEqual([" yes", " no", " cannot tell"]);
});

rungContract({
  name: "the chat model",
  make: () => model("smollm2-135m", { engine: new FakeChat({ values: () => ["AB123456"] }) }),
  expects: "answered",
});
