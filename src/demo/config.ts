/** The demo's ladder. Whatever the encoder is not sure of goes to a person. */

import { type Config, defineConfig } from "../config/config.ts";
import { cache } from "../rung/cache.ts";
import { encoder } from "../rung/encoder.ts";
import { person } from "../rung/person.ts";

/** The config with a threshold chosen on training tickets. */
export function demoConfig(acceptAt: number): Config {
  return defineConfig({ ladder: [cache(), encoder("minilm", { acceptAt }), person()] });
}
