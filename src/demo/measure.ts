/** Asks one rung about labelled tickets, and counts what is right: how a threshold and a report's row come about. */

import { makeParts } from "../config/parts.ts";
import type { Event } from "../core/event.ts";
import type { Labelled } from "../core/threshold-for.ts";
import type { Banking8, Ticket } from "../data/tickets.ts";
import { memoryJournal } from "../journal/memory.ts";
import { defineLoop, type Loop } from "../loop/loop.ts";
import { runItem } from "../loop/run.ts";
import { fallback } from "../rung/rules.ts";
import type { Rung } from "../rung/rung.ts";
import demo from "./loop.ts";
import { teamSchema, ticketSchema } from "./schemas.ts";

/** How far a measurement goes. */
export interface Bounds {
  readonly stop: AbortSignal;
  /** No ticket is begun after so many seconds: a busy machine gets fewer tickets, and a wider interval. */
  readonly seconds: number;
}

/**
 * What the rung said about each ticket in order, whatever its confidence; the rung must be open and accept at 0.
 * Shorter than `tickets` where the time was up.
 */
export async function measure(
  rung: Rung,
  tickets: readonly Ticket[],
  teams: Banking8,
  bounds: Bounds,
): Promise<readonly Labelled[]> {
  return await each(demo, rung, tickets, bounds, (ticket, events) => {
    const answered = events.find((event) => event.type === "step_answered" && event.rung === rung.name);
    const given = answered?.type === "step_answered" ? answered : null;
    return { confidence: given?.confidence ?? -1, right: given?.value === teams.fold[ticket.intent] };
  });
}

/** The same chat model simply told to answer, as a prompt would: right when the first team it names is the true one. */
export async function measurePlainPrompt(
  rung: Rung,
  tickets: readonly Ticket[],
  teams: Banking8,
  bounds: Bounds,
): Promise<readonly { readonly right: boolean }[]> {
  const list = Object.entries(teams.options).map(([name, description]) => `- ${name}: ${description}`);
  const prompt = (text: string): string =>
    `${teams.ask}\n${list.join("\n")}\n\nMessage: ${text}\n\nAnswer with the name of one team and nothing else.`;
  const ask = "You are a helpful assistant.";
  const loop = defineLoop({
    name: "plain-prompt",
    input: ticketSchema,
    output: teamSchema,
    run: async (ticket, step) => ({
      team: (await step.write("team", { about: prompt(ticket.text), ask, maxTokens: 16 })).value,
    }),
  });
  return await each(loop, rung, tickets, bounds, (ticket, events) => {
    const answered = events.find((event) => event.type === "step_answered");
    const text = answered?.type === "step_answered" ? String(answered.value).toLowerCase() : "";
    const named = Object.keys(teams.options)
      .map((name) => ({ name, at: text.search(new RegExp(`\\b${name}\\b`)) }))
      .filter(({ at }) => at >= 0)
      .sort((a, b) => a.at - b.at)[0]?.name;
    return { right: named === teams.fold[ticket.intent] };
  });
}

async function each<T>(
  loop: Loop,
  rung: Rung,
  tickets: readonly Ticket[],
  { stop, seconds }: Bounds,
  read: (ticket: Ticket, events: readonly Event[]) => T,
): Promise<readonly T[]> {
  const journal = memoryJournal();
  const parts = makeParts({ ladder: [rung, fallback("")] }, journal, { stop });
  const results: T[] = [];
  let next = 0;
  const until = performance.now() + seconds * 1000;
  const worker = async (): Promise<void> => {
    while (next < tickets.length && !stop.aborted && performance.now() < until) {
      const index = next++;
      const { id, text, intent } = tickets[index]!;
      const identity = { loop: loop.name, version: loop.version, item: id, content: id };
      const taken = await journal.begin({ ...identity, input: { id, text } });
      if (taken.kind !== "taken") continue;
      await runItem(loop, taken, parts);
      results[index] = read({ id, text, intent }, journal.events(taken.run.number));
    }
  };
  await Promise.all(Array.from({ length: 4 }, worker));
  stop.throwIfAborted();
  return results;
}
