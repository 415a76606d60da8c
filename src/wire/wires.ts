/** The wires by their names. */

import { chat } from "./chat.ts";
import { decisions } from "./decisions.ts";
import { messages } from "./messages.ts";
import { ollama } from "./ollama.ts";
import { systemone } from "./systemone.ts";
import type { Wire, WireName } from "./wire.ts";

export const wires: { readonly [name in WireName]: Wire } = { systemone, decisions, chat, ollama, messages };
