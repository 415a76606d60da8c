/** Support tickets of a small shop: route them, and settle those about money with one tool a turn. */

import { calls, defineLoop, defineTool, type Loop, notFound } from "pawl";
import { z } from "zod";
import { Shop } from "./shop.ts";

export const shop: Shop = new Shop(process.env.SHOP ?? ":memory:");
const orderNumber = z.string().regex(/^[A-Z]{2}\d{6}$/);

const findOrder = defineTool({
  name: "find_order",
  description: "Look up an order by its number.",
  input: z.object({ order: orderNumber }),
  output: z.object({ status: z.enum(["paid", "shipped", "delivered", "refunded"]), cents: z.int() }),
  effect: "read",
  limits: { perRun: 2, seconds: 5 },
  run: ({ order }) => shop.find(order) ?? notFound(`there is no order ${order}`),
});

const refund = defineTool({
  name: "refund",
  description: "Pay an order back to the customer.",
  input: z.object({ order: orderNumber }),
  output: z.object({ id: z.string() }),
  effect: "irreversible", // so a person lets it stand, whatever a model thinks
  after: [findOrder], // offered only once find_order succeeded, and only for that order
  limits: { perRun: 1 },
  run: ({ order }, { key }) => shop.refund(order, key),
});

const reply = defineTool({
  name: "reply",
  description: "Answer the customer with a short mail.",
  input: z.object({ text: z.string().max(400) }),
  output: z.object({ sent: z.boolean() }),
  effect: "write",
  limits: { perRun: 1 },
  run: ({ text }, { key }) => shop.note("reply", text, key),
});

const handOver = defineTool({
  name: "hand_over",
  description: "Give the ticket to a colleague, with the reason.",
  input: z.object({ reason: z.enum(["angry customer", "not about an order", "needs a decision"]) }),
  output: z.object({ sent: z.boolean() }),
  effect: "write",
  limits: { perRun: 1 },
  run: ({ reason }, { key }) => shop.note("hand_over", reason, key),
});

const support: Loop = defineLoop({
  name: "support",
  input: z.object({ id: z.string(), subject: z.string(), body: z.string() }),
  output: z.object({ team: z.string(), action: z.string() }),
  limits: { steps: 8, seconds: 60 },
  async run(ticket, step) {
    const about = { subject: ticket.subject, body: ticket.body };
    const team = await step.choose("team", {
      about,
      ask: "Which team should handle this ticket?",
      options: {
        billing: "payments, refunds, invoices, money back",
        shipping: "parcels, deliveries, delays, addresses",
        technical: "bugs, log-ins, the app or the website does not work",
      },
      // With `risk: 0.05` here it would wait for a person until a certificate promises at most 5 % wrong of what stands.
    });
    if (team.value !== "billing") return { team: team.value, action: "routed" };

    const settled = await step.loop("settle", {
      about,
      ask: "What is the next step for this ticket?",
      tools: [findOrder, refund, reply, handOver],
      until: calls(refund, reply, handOver),
      limits: { steps: 5 },
    });
    if (settled.ended === "until" && settled.tool) return { team: team.value, action: settled.tool };
    // The model ran out of turns, or in circles: the loop decides what then, not the model.
    await step.call("unsettled", handOver, { reason: "needs a decision" });
    return { team: team.value, action: "hand_over" };
  },
});

export default support;
