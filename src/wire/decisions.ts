/** OpenAI Decisions: `POST /v1/decisions`. */

import type { Json } from "../core/json.ts";
import { type Decision, decisionOf, type Found, instructionsOf, readDecision } from "./decision.ts";
import { fieldsOf, isFields, listOf } from "./fields.ts";
import { withQuirks } from "./quirks.ts";
import { unreadable } from "./said.ts";
import type { Asked, Wire } from "./wire.ts";

/** The only question of a request has this name. */
const NAME = "q";

export const decisions: Wire = {
  name: "decisions",
  ask(asked, { model, quirks }) {
    const decision = decisionOf(asked.question);
    if ("cannot" in decision) return decision;
    const questions = [questionOf(asked, decision)];
    return { path: "/v1/decisions", body: withQuirks({ model, input: asked.about, questions }, quirks.always) };
  },
  read(body, asked, target) {
    const decision = decisionOf(asked.question);
    if ("cannot" in decision) return unreadable("malformed", decision.cannot);
    if (!isFields(body) || !Array.isArray(body.answers)) return unreadable("malformed", "the reply has no answers");
    const answers = listOf(body.answers);
    // An only answer is of the only question, whatever it is called.
    const answer =
      answers.find((each) => fieldsOf(each).name === NAME) ?? (answers.length === 1 ? answers[0] : undefined);
    return readDecision(body, foundIn(answer, decision), decision, asked, target);
  },
};

function questionOf(asked: Asked, { kind, names }: Decision): Json {
  const instructions = instructionsOf(asked);
  const descriptions = new Map(asked.question.options.map(({ name, description }) => [name, description]));
  const described = (name: string) => {
    const description = descriptions.get(name) ?? "";
    return description === "" ? {} : { description };
  };
  switch (kind) {
    case "judge": {
      // A predicate has no words for what yes and no mean: they stand behind the question.
      const meant = names.filter((name) => descriptions.get(name)).map((name) => `${name}: ${descriptions.get(name)}`);
      return { type: "predicate", name: NAME, instructions: [instructions, ...meant].join("\n") };
    }
    case "choice":
      return {
        type: "choice",
        name: NAME,
        instructions,
        choices: names.map((value) => ({ value, ...described(value) })),
      };
    case "score":
      return {
        type: "score",
        name: NAME,
        instructions,
        levels: names.map((label) => ({ label, ...described(label) })),
      };
  }
}

function foundIn(value: unknown, { kind, names }: Decision): Found {
  if (value === undefined || value === null) {
    return { kind: "unanswered", fault: "question missing", reason: "the question was not answered" };
  }
  const answer = fieldsOf(value);
  if (answer.type === "refusal") return { kind: "unanswered", fault: "refused", reason: "the model refused" };
  const type = kind === "judge" ? "predicate" : kind;
  if (answer.type !== type) {
    return { kind: "unanswered", fault: "malformed", reason: `the answer is no ${type}` };
  }
  if (kind === "judge") {
    const p = answer.probability;
    return { kind: "answered", p: [p, typeof p === "number" ? 1 - p : p] };
  }
  const key = kind === "choice" ? "value" : "label";
  const listed = listOf(answer.probabilities).map(fieldsOf);
  const given = listed.map((each) => each[key]);
  if (given.some((each) => typeof each !== "string" || !names.includes(each))) {
    return { kind: "unanswered", fault: "schema ignored", reason: "an option was answered that was not offered" };
  }
  const byName = new Map(listed.map((each) => [each[key], each.probability]));
  const best = kind === "choice" ? { best: typeof answer.choice === "string" ? names.indexOf(answer.choice) : -1 } : {};
  // An option that is there twice has no probability of its own.
  const isTwice = byName.size < listed.length;
  return { kind: "answered", p: names.map((name) => (isTwice ? null : byName.get(name))), ...best };
}
