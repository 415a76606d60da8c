/** A tool that changes the world may need a rung high enough on the ladder. */

import type { ProposedCall } from "../core/question.ts";
import type { Check } from "./gate.ts";

export const effects: Check = ({ question, value, rung, place, floor }) => {
  if (question.verb !== "pick" || value === null) return null;
  const picked = question.tools.find((tool) => tool.name === (value as ProposedCall).tool);
  if (!picked || picked.effect === "read") return null;
  const lowest = floor(picked.effect);
  return { check: "effect floor", passes: place >= lowest.place, need: lowest.rung, have: rung.name };
};
