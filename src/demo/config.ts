/** The demo's ladder: two rungs that learn from every answer of the one above them, which is simulated. */

import { type Config, defineConfig } from "../config/config.ts";
import { encoder } from "../rung/encoder.ts";
import { words } from "../rung/words.ts";
import { knownAnswers } from "./known.ts";

const config: Config = defineConfig({ ladder: [words(), encoder("minilm"), knownAnswers()] });

export default config;
