/** Whether the formats of decisions are spoken, and truly: a known answer must come with probabilities that sum to one. */

import { BackendError } from "../net/backend-error.ts";
import type { Probe, Subject } from "./probe.ts";

export const decisionsProbe: Probe = {
  name: "decision formats",
  async run(subject) {
    const model = subject.model.name;
    const state = "Two dogs chased a horse.";
    const instructions = "What is it about?";
    const systemone = await spoken(subject, "/v1/systemone", {
      model,
      state,
      questions: { topic: { type: "choice", instructions, criteria: { animals: null, weather: null } } },
    });
    const decisions = await spoken(subject, "/v1/decisions", {
      model,
      input: state,
      questions: [
        { type: "choice", name: "topic", instructions, choices: [{ value: "animals" }, { value: "weather" }] },
      ],
    });
    return { systemone, decisions };
  },
};

async function spoken(
  { backend, signal }: Subject,
  path: string,
  body: Parameters<Subject["backend"]["request"]>[0]["body"] & object,
): Promise<boolean> {
  try {
    const reply = (await backend.request({ path, body, signal })).body as { answers?: unknown } | null;
    const answers = reply?.answers;
    const [answer] = typeof answers === "object" && answers !== null ? Object.values(answers) : [];
    return typeof answer === "object" && answer !== null && "probabilities" in answer;
  } catch (thrown) {
    // A chat model is answered 400 or 501 here, an unknown route 404: no server fails at it.
    if (thrown instanceof BackendError && thrown.status !== null) return false;
    throw thrown;
  }
}
