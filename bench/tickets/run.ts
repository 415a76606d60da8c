// Asks every rung about the full BANKING77 test set, through the public API, and states what is right, with intervals.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { parse } from "csv-parse/sync";
import {
  defineLoop,
  encoder,
  fallback,
  formatShare,
  type Labelled,
  makeParts,
  memoryJournal,
  model,
  type Rung,
  runItem,
  thresholdFor,
  wilson,
} from "pawl";
import { z } from "zod";
import { describeMachine, type Row, report } from "../bench.ts";

interface Ticket {
  readonly text: string;
  readonly intent: string;
}

interface Banking8 {
  readonly ask: string;
  readonly cue: string;
  readonly options: { readonly [team: string]: string };
  readonly fold: { readonly [intent: string]: string };
}

/** What one rung said about one ticket. */
interface Said {
  readonly value: string;
  readonly confidence: number;
  /** Without the prior taken off; the same where there is no prior. */
  readonly asRead: string;
}

interface Question {
  readonly ask: string;
  readonly cue: string;
  readonly options: { readonly [name: string]: string };
  readonly truth: (ticket: Ticket) => string;
}

const columns = {
  rung: "rung",
  question: "question",
  tickets: "tickets",
  right: "right, % (95 %)",
  kept: "kept at 5 %, %",
  wrong: "wrong among kept, % (95 %)",
  rate: "tickets/s",
};

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      data: { type: "string" },
      chat: { type: "string", default: "600" },
      plain: { type: "string", default: "200" },
      train: { type: "string", default: "2000" },
    },
  });
  const folder = dataFolder(values.data);
  const machine = describeMachine();
  const bank = `${folder}/open/tickets/banking77`;
  const banking8: Banking8 = JSON.parse(readFileSync(`${bank}/banking8.json`, "utf8"));
  const test = seeded(readTickets(`${bank}/banking_data/test.csv`));
  const train = seeded(readTickets(`${bank}/banking_data/train.csv`)).slice(0, Number(values.train));
  const { ask, cue, options, fold } = banking8;
  const teams: Question = { ask, cue, options, truth: (ticket) => fold[ticket.intent]! };
  const names = [...new Set(test.map((ticket) => ticket.intent))].sort();
  const intents: Question = {
    ask: "What does this message ask about?",
    cue,
    options: Object.fromEntries(names.map((name) => [name, words(name)])),
    truth: (ticket) => ticket.intent,
  };

  const rows: Row[] = [];
  const figures: Record<string, number> = {};
  const add = async (
    name: string,
    question: Question,
    label: string,
    rung: Rung,
    tickets: readonly Ticket[],
    warm: readonly Ticket[],
  ) => {
    console.log(`${name}, ${label}: ${tickets.length} tickets`);
    const learned = await askAll(rung, question, warm);
    const begun = performance.now();
    const said = await askAll(rung, question, tickets);
    const seconds = (performance.now() - begun) / 1000;
    const { acceptAt } = thresholdFor(judged(learned, warm, question), 0.05);
    const kept = judged(said, tickets, question).filter((one) => one.confidence >= acceptAt);
    const right = judged(said, tickets, question).filter((one) => one.right).length;
    rows.push({
      rung: name,
      question: label,
      tickets: tickets.length,
      right: formatShare(wilson(right, tickets.length)),
      kept: warm.length < 1000 ? "–" : (100 * kept.length) / tickets.length,
      wrong: warm.length < 1000 ? "–" : formatShare(wilson(kept.filter((one) => !one.right).length, kept.length)),
      rate: tickets.length / seconds,
    });
    figures[`${name} ${label}`] = right / tickets.length;
    return said;
  };

  await using(encoder("minilm", { acceptAt: 0 }), async (rung) => {
    await add("encoder minilm", teams, "banking8", rung, test, train);
    await add("encoder minilm", intents, "77 intents", rung, test, train);
  });
  await using(model("smollm2-135m", { acceptAt: 0 }), async (rung) => {
    const sample = test.slice(0, Number(values.chat));
    // The first 64 unlabelled tickets give the prior, as they would in use.
    const said = await add(
      "chat smollm2-135m, by name, prior off",
      teams,
      "banking8",
      rung,
      sample,
      train.slice(0, 64),
    );
    const asRead = said.filter((one, index) => one.asRead === teams.truth(sample[index]!)).length;
    rows.push({
      rung: "chat smollm2-135m, by name, as read",
      question: "banking8",
      tickets: sample.length,
      right: formatShare(wilson(asRead, sample.length)),
      kept: "–",
      wrong: "–",
      rate: null,
    });
    const plain = test.slice(0, Number(values.plain));
    console.log(`plain prompt: ${plain.length} tickets`);
    const begun = performance.now();
    const texts = await writeAll(rung, teams, plain);
    const right = texts.filter((text, index) => mentioned(text, teams) === teams.truth(plain[index]!)).length;
    rows.push({
      rung: "chat smollm2-135m, plain prompt, first team it names",
      question: "banking8",
      tickets: plain.length,
      right: formatShare(wilson(right, plain.length)),
      kept: "–",
      wrong: "–",
      rate: plain.length / ((performance.now() - begun) / 1000),
    });
  });
  report({
    bench: "tickets",
    columns,
    rows,
    machine,
    complete: true,
    values: {
      "encoder-banking8-right": figures["encoder minilm banking8"] ?? null,
      "encoder-77-intents-right": figures["encoder minilm 77 intents"] ?? null,
      "chat-banking8-right": figures["chat smollm2-135m, by name, prior off banking8"] ?? null,
    },
  });
}

function dataFolder(given: string | undefined): string {
  const folder = resolve(given ?? process.env.PAWL_DATA ?? "");
  const wanted = "open/tickets/banking77/banking_data/test.csv";
  if ((given ?? process.env.PAWL_DATA) && existsSync(`${folder}/${wanted}`)) return folder;
  throw new Error(
    `This bench reads BANKING77 (10,003 + 3,080 tickets, CC-BY-4.0, PolyAI-LDN/task-specific-datasets on GitHub) as ${wanted} and train.csv beside it, and fixtures/tickets/banking8.json as open/tickets/banking77/banking8.json. Name the folder with --data or PAWL_DATA.`,
  );
}

function readTickets(file: string): Ticket[] {
  const rows: { text: string; category: string }[] = parse(readFileSync(file), { columns: true });
  return rows.map(({ text, category }) => ({ text, intent: category }));
}

/** The same order on every machine, and no class in a row. */
function seeded(tickets: readonly Ticket[]): Ticket[] {
  const key = (ticket: Ticket): string => createHash("sha256").update(`7 ${ticket.text}`).digest("hex");
  return tickets
    .map((ticket) => ({ ticket, at: key(ticket) }))
    .sort((a, b) => (a.at < b.at ? -1 : 1))
    .map(({ ticket }) => ticket);
}

function words(name: string): string {
  return name.replaceAll(/[_?]+/g, " ").trim().toLowerCase();
}

async function using(rung: Rung, work: (rung: Rung) => Promise<void>): Promise<void> {
  const journal = memoryJournal();
  await rung.open?.({
    notes: journal.notes,
    vectors: journal.vectors,
    recall: journal.recall,
    calls: journal.calls,
    say: (line) => console.log(line),
  });
  try {
    await work(rung);
  } finally {
    await rung.close?.();
  }
}

function judged(said: readonly Said[], tickets: readonly Ticket[], question: Question): Labelled[] {
  return said.map(({ value, confidence }, index) => ({ confidence, right: value === question.truth(tickets[index]!) }));
}

async function askAll(rung: Rung, { ask, cue, options }: Question, tickets: readonly Ticket[]): Promise<Said[]> {
  const loop = defineLoop({
    name: "ask",
    input: z.string(),
    output: z.string(),
    run: async (text, step) => (await step.choose("team", { about: text, ask, cue, options, otherwise: false })).value,
  });
  return await each(tickets, loop, rung, "nothing", (events) => {
    const answered = events.find((event) => event.type === "step_answered");
    const logp = answered?.trail[0]?.evidence?.logp;
    const value = String(answered?.value);
    return {
      value,
      confidence: answered?.confidence ?? -1,
      asRead: logp ? Object.keys(options)[argmax(logp)]! : value,
    };
  });
}

async function writeAll(rung: Rung, { ask, options }: Question, tickets: readonly Ticket[]): Promise<string[]> {
  const list = Object.entries(options).map(([name, description]) => `- ${name}: ${description}`);
  const loop = defineLoop({
    name: "plain",
    input: z.string(),
    output: z.string(),
    run: async (text, step) => {
      const about = `${ask}\n${list.join("\n")}\n\nMessage: ${text}\n\nAnswer with the name of one team and nothing else.`;
      return (await step.write("team", { about, ask: "You are a helpful assistant.", maxTokens: 16 })).value;
    },
  });
  return await each(tickets, loop, rung, "nothing", (events) => {
    const answered = events.find((event) => event.type === "step_answered");
    return String(answered?.value ?? "");
  });
}

type Events = ReturnType<ReturnType<typeof memoryJournal>["events"]>;

async function each<T>(
  tickets: readonly Ticket[],
  loop: ReturnType<typeof defineLoop>,
  rung: Rung,
  otherwise: string,
  read: (events: Events) => T,
): Promise<T[]> {
  const journal = memoryJournal();
  const parts = makeParts({ ladder: [rung, fallback(otherwise)] }, journal);
  const results: T[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < tickets.length) {
      const index = next++;
      const item = String(index);
      const taken = await journal.begin({
        loop: loop.name,
        version: loop.version,
        item,
        content: item,
        input: tickets[index]!.text,
      });
      if (taken.kind !== "taken") throw new Error(`ticket ${item} was ${taken.kind}`);
      await runItem(loop, taken, parts);
      results[index] = read(journal.events(taken.run.number));
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return results;
}

/** The first team that a free text names, or nothing. */
function mentioned(text: string, { options }: Question): string | undefined {
  const found = Object.keys(options)
    .map((name) => ({ name, at: text.toLowerCase().search(new RegExp(`\\b${name}\\b`)) }))
    .filter(({ at }) => at >= 0);
  return found.sort((a, b) => a.at - b.at)[0]?.name;
}

function argmax(values: readonly number[]): number {
  return values.reduce((best, value, index) => (value > values[best]! ? index : best), 0);
}
