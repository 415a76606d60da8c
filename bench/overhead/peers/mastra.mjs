// Mastra: one agent; durable is its durable agent on its libSQL store, with the checkpoints that let a run be recovered.
import { Agent } from "@mastra/core/agent";
import { createDurableAgent } from "@mastra/core/agent/durable";
import { Mastra } from "@mastra/core/mastra";
import { createTool } from "@mastra/core/tools";
import { z } from "zod";
import { tool, toolNames } from "../job.ts";
import { model } from "./language-model.mjs";
import { version } from "./version.mjs";

const numbers = z.object({ n: z.number() });

function build() {
  const tools = toolNames.map((id) =>
    createTool({
      id,
      description: `Tool ${id}.`,
      inputSchema: numbers,
      outputSchema: numbers,
      execute: async (input) => tool(input),
    }),
  );
  return new Agent({
    id: "bench",
    name: "bench",
    instructions: "Do the job.",
    model,
    tools: Object.fromEntries(tools.map((one) => [one.id, one])),
  });
}

let agent;

export const memory = {
  version: version("@mastra/core"),
  async prepare() {
    agent = new Mastra({ agents: { bench: build() }, logger: false }).getAgent("bench");
  },
  run: (turns) => agent.generate(String(turns), { maxSteps: 100 }),
};

let durableAgent;
let mastra;

export const durable = {
  version: version("@mastra/core"),
  async prepare(directory) {
    const { LibSQLStore } = await import("@mastra/libsql");
    const bench = createDurableAgent({ agent: build() });
    mastra = new Mastra({
      agents: { bench },
      logger: false,
      storage: new LibSQLStore({ id: "bench", url: `file:${directory}/mastra.db` }),
      // Without it only suspended runs are written, and a run that is killed is lost.
      recovery: { durableAgents: "auto" },
    });
    durableAgent = mastra.getAgent("bench");
  },
  run: (turns) => durableAgent.generate(String(turns), { maxSteps: 100 }),
  async close() {
    await mastra.shutdown?.();
  },
};
