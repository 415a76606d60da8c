// What the gateway under load is given: a scripted model that takes ten milliseconds and answers by the number in the text.
import { type Config, defineConfig } from "pawl";
import { scripted } from "pawl/testing";
import { modelMilliseconds, optionFor } from "./question.ts";

const model = scripted(
  async ({ about }) => {
    await new Promise((resolve) => setTimeout(resolve, modelMilliseconds));
    return optionFor(about);
  },
  { name: "model" },
);

const config: Config = defineConfig({ ladder: [model] });
export default config;
