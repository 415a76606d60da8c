/** The contract of a probe: a few requests whose answers are known, and what they tell about one model on one server. */

import { messageOf, PawlError } from "../core/errors.ts";
import type { Backend } from "../net/backend.ts";
import type { Dialect } from "./dialect.ts";
import type { Capabilities, ServedModel } from "./doctor.ts";

export interface Subject {
  readonly backend: Backend;
  readonly dialect: Dialect;
  readonly model: ServedModel;
  readonly signal: AbortSignal;
}

export interface Probe {
  readonly name: string;
  /** What it found. Where it could not find out it rejects, or leaves a field away. */
  run(subject: Subject): Promise<Partial<Capabilities>>;
}

export const nothingKnown: Capabilities = {
  schema: "unknown",
  toolChoice: "unknown",
  logprobs: "unknown",
  rounded: null,
  topLogprobs: null,
  overlong: "unknown",
  thinking: "unknown",
  usage: "unknown",
  letters: null,
  names: null,
  systemone: null,
  decisions: null,
  repeatable: null,
};

/** Runs the probes one after the other, each for at most so long: a server is asked one thing at a time. */
export async function probeAll(
  subject: Subject,
  probes: readonly Probe[],
  seconds: number,
): Promise<{ capabilities: Capabilities; unknown: { probe: string; why: string }[] }> {
  let capabilities = nothingKnown;
  const unknown: { probe: string; why: string }[] = [];
  for (const probe of probes) {
    subject.signal.throwIfAborted();
    const late = AbortSignal.timeout(seconds * 1000);
    try {
      const found = await probe.run({ ...subject, signal: AbortSignal.any([subject.signal, late]) });
      capabilities = { ...capabilities, ...found };
    } catch (thrown) {
      subject.signal.throwIfAborted();
      unknown.push({ probe: probe.name, why: late.aborted ? `no answer within ${seconds} s` : reasonOf(thrown) });
    }
  }
  return { capabilities, unknown };
}

function reasonOf(thrown: unknown): string {
  return thrown instanceof PawlError ? thrown.message : messageOf(thrown);
}
