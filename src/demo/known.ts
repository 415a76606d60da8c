/** The rung above the local ones, simulated by the labels that BANKING77 came with. */

import { noUsage } from "../core/usage.ts";
import { banking8, loadTickets } from "../data/tickets.ts";
import type { Rung } from "../rung/rung.ts";

/** Team by a ticket's text; of texts that occur twice the first counts. */
export type KnownTeams = ReadonlyMap<string, string>;

let teams: Promise<KnownTeams> | undefined;

/** Throws a `StorageError` `E_FIXTURE`. */
export function knownTeams(): Promise<KnownTeams> {
  teams ??= readTeams();
  return teams;
}

async function readTeams(): Promise<KnownTeams> {
  const { fold } = banking8();
  const known = new Map<string, string>();
  for (const { text, intent } of await loadTickets("train")) {
    if (!known.has(text)) known.set(text, fold[intent]!);
  }
  return known;
}

/**
 * Says what a strong model or a person would say at a price, here for nothing and without an error. Not local: what it
 * answers went up.
 */
export function knownAnswers(): Rung {
  let known: KnownTeams = new Map();
  return {
    name: "known-answers",
    local: false,
    mostCost: 0,
    acceptAt: null,
    source: "known",
    async open() {
      known = await knownTeams();
    },
    decide({ about }) {
      const value = known.get(about);
      if (value === undefined) {
        return { kind: "escalated", reason: "no label is known for this text", usage: noUsage };
      }
      return { kind: "answered", value, confidence: null, basis: "certain", evidence: {}, usage: noUsage };
    },
  };
}
