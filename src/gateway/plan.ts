/** Under which name and promise each question of a request is asked, and where on its ladder it begins. */

import type { Config } from "../config/config.ts";
import type { OpenParts } from "../config/parts.ts";
import type { Parts } from "../loop/run.ts";
import { coveredBy } from "../policy/open-policy.ts";
import type { Rung } from "../rung/rung.ts";
import { type Posed, posedBy, questionOf } from "./posed.ts";
import type { GatewayRequest, StepPlan } from "./request.ts";

/**
 * Clients can make up questions without end; each that asks for a promise is kept in memory and in the journal, and each
 * label is heard by all of them. A name that the config knows has so many places for itself, whatever it is made to say.
 */
const mostPromised = 200;

export class Planner {
  readonly #config: Config;
  readonly #parts: OpenParts;
  /** Versions by the name that the config knows; all others share the empty one. */
  readonly #promised = new Map<string, Set<string>>();

  constructor(config: Config, parts: OpenParts) {
    this.#config = config;
    this.#parts = parts;
  }

  /** Throws a `UsageError` `E_LADDER` where a ladder can bear no promise that the config asks for. */
  check(): void {
    const { serve = {}, questions = {} } = this.#config;
    if (serve.risk === undefined && Object.keys(serve.questions ?? {}).length === 0) return;
    for (const name of ["", ...Object.keys(questions)]) coveredBy(this.#parts.ladder(name));
  }

  /** One plan a question, in their order. Rungs must be open. */
  plan(request: GatewayRequest): readonly StepPlan[] {
    const posed = posedBy(request);
    const names = posed.map((question) => this.#nameOf(question));
    const versions = new Map<string, string>();
    const seen = new Map<string, number>();
    return posed.map((question, place) => {
      let name = names[place]!;
      // Of two questions that a client calls by one name, the name is the first one's.
      if ((versions.get(name) ?? question.version) !== question.version) name = unnamed(question);
      versions.set(name, question.version);
      const index = seen.get(name) ?? 0;
      seen.set(name, index + 1);
      const isAlone = names.filter((other) => other === names[place]).length === 1;
      return { name, index: isAlone ? null : index, ...this.#promiseFor(name, question) };
    });
  }

  /**
   * What a client calls a question means something where the config knows the name. Everywhere else a question is what
   * it says: whatever ids clients make up, the same question has the same labels and the same certificate.
   */
  #nameOf(question: Posed): string {
    const { serve, questions = {} } = this.#config;
    const { name } = question;
    if (name === null) return unnamed(question);
    const isKnown = Object.hasOwn(questions, name) || Object.hasOwn(serve?.questions ?? {}, name);
    return isKnown && !name.includes("/") ? name : unnamed(question);
  }

  #promiseFor(name: string, posed: Posed): Pick<StepPlan, "risk" | "promise" | "from"> {
    const { serve } = this.#config;
    const own = serve?.questions?.[name];
    const risk = own?.risk === undefined ? (serve?.risk ?? null) : own.risk;
    const uncertified = own?.uncertified ?? serve?.uncertified ?? null;
    if (posed.asking.verb === "write") {
      const from = typeof serve?.chat === "string" ? serve.chat : null;
      return { risk: null, promise: "none asked", from };
    }
    if (risk === null) return { risk, promise: "none asked", from: null };
    const ladder = this.#parts.ladder(name);
    const question = questionOf(posed.asking, name);
    if (!question || !this.#mayBePromised(name, posed)) {
      // Nobody keeps a record of its promise, so nothing local may stand that nobody was named for.
      return { risk: null, promise: "not in force", from: uncertified ?? coveredBy(ladder)?.upper.name ?? null };
    }
    const standing = this.#parts.policy.standing(question, risk, ladder);
    if (standing?.certificate) return { risk, promise: "in force", from: null };
    // A rung that the promise would cover answers by its own threshold; whoever stands above labels as always.
    const isCovered = uncertified !== null && standing?.governs({ name: uncertified }) === true;
    return { risk: isCovered ? null : risk, promise: "not in force", from: uncertified };
  }

  #mayBePromised(name: string, posed: Posed): boolean {
    const owner = name === unnamed(posed) ? "" : name;
    const versions = this.#promised.get(owner) ?? new Set();
    this.#promised.set(owner, versions);
    if (versions.has(posed.version)) return true;
    if (versions.size >= mostPromised) return false;
    versions.add(posed.version);
    return true;
  }
}

function unnamed({ version }: Posed): string {
  return `q-${version}`;
}

/** The parts that a run is given: each of its questions begins where its plan says. */
export function partsFor(steps: readonly StepPlan[], parts: OpenParts, stop: AbortSignal): Parts {
  const from = new Map(steps.map((step) => [step.name, step.from]));
  return {
    ...parts,
    stop,
    ladder: (name) => beginningAt(parts.ladder(name), from.get(name) ?? null),
    policy: {
      // What a promise covers is a matter of the whole ladder, also while its lower part is not asked.
      standing: (question, risk) => parts.policy.standing(question, risk, parts.ladder(question.name)),
      nudge: () => parts.policy.nudge(),
    },
  };
}

/** The ladder from that rung on. Rules and caches below it are asked all the same: what they say needs no confidence. */
function beginningAt(ladder: readonly Rung[], name: string | null): readonly Rung[] {
  const at = name === null ? -1 : ladder.findIndex((rung) => rung.name === name);
  return at === -1 ? ladder : [...ladder.slice(0, at).filter(({ acceptAt }) => acceptAt === null), ...ladder.slice(at)];
}
