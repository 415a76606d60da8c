// OpenAI Agents SDK: one agent, one runner, tracing off. It keeps nothing on disk, so there is no durable mode.
import { Agent, Runner, setTracingDisabled, tool as define, Usage } from "@openai/agents";
import { z } from "zod";
import { nextCall, tool, toolNames } from "../job.ts";
import { version } from "./version.mjs";

// The input is the question, then a call and its result for every turn.
const model = {
  async getResponse({ input }) {
    const call = nextCall((input.length - 1) / 2, Number(input[0].content));
    if (call === undefined) {
      const content = [{ type: "output_text", text: "done" }];
      return { usage: new Usage(), output: [{ type: "message", role: "assistant", status: "completed", content }] };
    }
    const asked = {
      type: "function_call",
      callId: call.id,
      name: call.tool,
      status: "completed",
      arguments: JSON.stringify({ n: call.n }),
    };
    return { usage: new Usage(), output: [asked] };
  },
  getStreamedResponse() {
    throw new Error("The bench does not stream.");
  },
};

const parameters = z.object({ n: z.number() });
let agent;
let runner;

export const memory = {
  version: version("@openai/agents"),
  async prepare() {
    setTracingDisabled(true);
    agent = new Agent({
      name: "bench",
      model,
      tools: toolNames.map((name) => define({ name, description: `Tool ${name}.`, parameters, execute: tool })),
    });
    runner = new Runner({ tracingDisabled: true });
  },
  run: (turns) => runner.run(agent, String(turns), { maxTurns: 100 }),
};
