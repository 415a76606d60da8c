/** A gateway that is ended in the middle of its work: a model that takes a moment, and answers by the number in the text. */

import { defineConfig } from "../../src/config/config.ts";
import { scripted } from "../../src/rung/scripted.ts";

const model = scripted(
  async ({ about, options }) => {
    const number = Number(/\d+/.exec(about)?.[0]);
    await new Promise((resolve) => setTimeout(resolve, about.includes("slow") ? 60_000 : 5 + (number % 15)));
    return options[number % options.length]!.name;
  },
  { name: "model" },
);

export default defineConfig({ ladder: [model], serve: { maxInFlight: 32, queue: 1000 } });
