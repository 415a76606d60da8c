/** The example's ladder. Thresholds are plain numbers here: choose yours on labelled tickets. */

import { type Config, cache, defineConfig, encoder, model, person } from "pawl";

const config: Config = defineConfig({
  journal: "support.db",
  ladder: [cache(), model("smollm2-135m", { acceptAt: 0.8 }), person()],
  questions: { team: { ladder: [cache(), encoder("minilm", { acceptAt: 0.6 }), person()] } },
  effects: { irreversible: person() },
});

export default config;
