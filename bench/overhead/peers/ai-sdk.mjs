// AI SDK: generateText with a stop condition. It keeps nothing on disk, so there is no durable mode.
import { generateText, isStepCount, tool as define } from "ai";
import { z } from "zod";
import { tool, toolNames } from "../job.ts";
import { model } from "./language-model.mjs";
import { version } from "./version.mjs";

const inputSchema = z.object({ n: z.number() });
let tools;
let stopWhen;

export const memory = {
  version: version("ai"),
  async prepare() {
    tools = Object.fromEntries(
      toolNames.map((name) => [name, define({ description: `Tool ${name}.`, inputSchema, execute: tool })]),
    );
    stopWhen = isStepCount(100);
  },
  run: (turns) => generateText({ model, tools, stopWhen, prompt: String(turns) }),
};
