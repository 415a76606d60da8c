/** System One: `POST /v1/systemone`. */

import type { Json } from "../core/json.ts";
import type { Option } from "../core/question.ts";
import { type Decision, decisionOf, type Found, instructionsOf, readDecision } from "./decision.ts";
import { fieldsOf, isFields } from "./fields.ts";
import { withQuirks } from "./quirks.ts";
import { unreadable } from "./said.ts";
import type { Asked, Wire } from "./wire.ts";

/** The only question of a request has this id. */
const ID = "q";

export const systemone: Wire = {
  name: "systemone",
  ask(asked, { model, quirks }) {
    const decision = decisionOf(asked.question);
    if ("cannot" in decision) return decision;
    const questions = { [ID]: questionOf(asked, decision) };
    return { path: "/v1/systemone", body: withQuirks({ model, state: asked.about, questions }, quirks.always) };
  },
  read(body, asked, target) {
    const decision = decisionOf(asked.question);
    if ("cannot" in decision) return unreadable("malformed", decision.cannot);
    if (!isFields(body) || !isFields(body.answers)) return unreadable("malformed", "the reply has no answers");
    return readDecision(body, foundIn(body.answers[ID], decision), decision, asked, target);
  },
};

function questionOf(asked: Asked, { kind, names }: Decision): Json {
  const instructions = instructionsOf(asked);
  const descriptions = new Map(asked.question.options.map(({ name, description }) => [name, description]));
  const described = names.map((name) => descriptions.get(name) ?? "");
  switch (kind) {
    case "judge": {
      const [yes = "", no = ""] = described;
      const criteria = { ...(yes === "" ? {} : { true: yes }), ...(no === "" ? {} : { false: no }) };
      return { type: "noul", instructions, ...(yes === "" && no === "" ? {} : { criteria }) };
    }
    case "choice": {
      const criteria = Object.fromEntries(names.map((name, index) => [name, described[index] || null]));
      return { type: "choice", instructions, criteria };
    }
    case "score":
      return { type: "score", instructions, criteria: asked.question.options.map(levelOf) };
  }
}

function levelOf({ name, description }: Option): string {
  return description === "" ? name : `${name}: ${description}`;
}

function foundIn(value: unknown, { kind, names }: Decision): Found {
  // The format leaves out what its model could not answer.
  if (value === undefined || value === null) {
    return { kind: "unanswered", fault: "question missing", reason: "the question was not answered" };
  }
  const answer = fieldsOf(value);
  if (answer.type === "refusal") return { kind: "unanswered", fault: "refused", reason: "the model refused" };
  const type = kind === "judge" ? "noul" : kind;
  if (answer.type !== type) {
    return { kind: "unanswered", fault: "malformed", reason: `the answer is no ${type}` };
  }
  const said = answer.label_mass ?? answer.option_mass;
  const mass = typeof said === "number" && said >= 0 && said <= 1 ? { mass: said } : {};
  if (kind === "judge") {
    const p = answer.noul;
    return { kind: "answered", p: [p, typeof p === "number" ? 1 - p : p], ...mass };
  }
  const probabilities = fieldsOf(answer.probabilities);
  const keys = kind === "score" ? names.map((_, index) => String(index)) : names;
  if (Object.keys(probabilities).some((key) => !keys.includes(key))) {
    return { kind: "unanswered", fault: "schema ignored", reason: "an option was answered that was not offered" };
  }
  const best = kind === "choice" ? { best: typeof answer.choice === "string" ? names.indexOf(answer.choice) : -1 } : {};
  return {
    kind: "answered",
    p: keys.map((key) => (Object.hasOwn(probabilities, key) ? probabilities[key] : null)),
    ...best,
    ...mass,
  };
}
