/** The example's ladder. Thresholds are plain numbers here: choose yours on labelled tickets. */

import { type Config, cache, defineConfig, encoder, model, person } from "pawl";

const config: Config = defineConfig({
  journal: "support.db",
  // Low, because a look-up does no harm: what does (a refund) needs a person below.
  ladder: [cache(), model("smollm2-135m", { acceptAt: 0.4 }), person()],
  questions: { team: { ladder: [cache(), encoder("minilm", { acceptAt: 0.6 }), person()] } },
  effects: { irreversible: person() },
});

export default config;
