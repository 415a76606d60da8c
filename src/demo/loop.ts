/** The demo's loop: which of a bank's eight teams should handle this message? */

import { banking8 } from "../data/tickets.ts";
import { defineLoop, type Loop } from "../loop/loop.ts";
import { teamSchema, ticketSchema } from "./schemas.ts";

const { ask, cue, options } = banking8();

/** Largest share of wrong answers among those that stay local: what the demo asks a promise for. */
export const demoRisk = 0.05;

const loop: Loop = defineLoop({
  name: "demo",
  input: ticketSchema,
  output: teamSchema,
  limits: { steps: 5, seconds: 60 },
  async run(ticket, step) {
    // `otherwise: false`: the figures of banking8 are measured on the eight teams alone.
    const team = await step.choose("team", { about: ticket.text, ask, cue, options, risk: demoRisk, otherwise: false });
    return { team: team.value };
  },
});

export default loop;
