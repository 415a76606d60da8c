// Arguments of real tools for real requests: Pawl's fill against the library's own JSON-schema grammar over the whole call.
import { readFileSync } from "node:fs";
import type { Token } from "node-llama-cpp";
import type { JsonSchema } from "../../src/core/schema.ts";
import { type EmbeddedChat, openChat } from "../../src/engine/chat.ts";
import { type Loaded, loadModel } from "../../src/engine/load.ts";
import { Prompter } from "../../src/engine/prompt.ts";
import { median } from "../bench.ts";

/** Tools of the Berkeley function-calling leaderboard, by name: texts, numbers, fixed values, switches, a date, lists. */
const TOOLS = [
  "get_directions",
  "travel_itinerary_generator",
  "flight.book",
  "hospital.locate",
  "restaurant_search",
  "compound_interest",
  "lawsuit_search",
  "patient.get_mri_report",
  "get_museum_hours",
  "run_linear_regression",
];

export interface ArgumentsOptions {
  /** `BFCL_v4_simple_python.json`. */
  readonly tools: string;
  /** GGUF file. */
  readonly model: string;
  /** Calls of each tool by each side, after one that is not counted. */
  readonly rounds: number;
  readonly threads?: number;
  readonly maxTokens?: number;
}

export interface Side {
  /** Tokens that the model had to give one after the other; of ours, a read counts as one. */
  readonly tokens: number;
  /** Median. */
  readonly ms: number;
  readonly value: unknown;
}

export interface ToolCall {
  readonly tool: string;
  readonly request: string;
  readonly ours: Side;
  readonly library: Side;
}

export interface Arguments {
  readonly calls: readonly ToolCall[];
  readonly ours: { readonly tokens: number; readonly ms: number };
  readonly library: { readonly tokens: number; readonly ms: number };
  /** How many times longer the library takes, all tools together. */
  readonly speedup: number;
}

interface Tool {
  readonly name: string;
  readonly schema: JsonSchema;
  readonly request: string;
  readonly instructions: string;
}

type Call = () => Promise<Omit<Side, "ms">>;

/** Both sides: the same prompt, model and threads, the tool's part of the prompt evaluated before, turn by turn. */
export async function measureArguments(options: ArgumentsOptions): Promise<Arguments> {
  const { tools: file, model, rounds, threads = 1, maxTokens = 256 } = options;
  const engine = await openChat(model, { processes: 1, threads, hotPrefixes: 1, gpu: false });
  const loaded = await loadModel(model, threads, false);
  try {
    const context = await loaded.model.createContext({
      contextSize: Math.min(2048, loaded.model.trainContextSize),
      batchSize: 512,
      threads: { ideal: threads, min: threads },
    });
    const sequence = context.getSequence();
    const calls: ToolCall[] = [];
    for (const tool of readTools(file)) {
      const ours = await byPawl(engine, tool, maxTokens);
      const library = await byLibrary(loaded, sequence, tool, maxTokens);
      const times = { ours: [] as number[], library: [] as number[] };
      const last = { ours: await ours(), library: await library() };
      for (let round = 0; round < rounds; round++) {
        times.ours.push(await milliseconds(ours));
        times.library.push(await milliseconds(library));
      }
      calls.push({
        tool: tool.name,
        request: tool.request,
        ours: { ...last.ours, ms: median(times.ours) },
        library: { ...last.library, ms: median(times.library) },
      });
    }
    const total = (side: "ours" | "library") => ({
      tokens: calls.reduce((sum, call) => sum + call[side].tokens, 0) / calls.length,
      ms: calls.reduce((sum, call) => sum + call[side].ms, 0) / calls.length,
    });
    const [ours, library] = [total("ours"), total("library")];
    return { calls, ours, library, speedup: library.ms / ours.ms };
  } finally {
    await engine.close();
    await loaded.llama.dispose();
  }
}

async function milliseconds(call: Call): Promise<number> {
  const started = performance.now();
  await call();
  return performance.now() - started;
}

const CUE = "The tool to call is:";

async function byPawl(
  engine: EmbeddedChat,
  { name, instructions, schema, request }: Tool,
  maxTokens: number,
): Promise<Call> {
  const prefix = await engine.prepare({ instructions, cue: CUE, choices: [] });
  return async () => {
    const filled = await engine.fill({ prefix, item: request, fields: schema, lead: ` ${name}`, maxTokens });
    return { tokens: filled.outputTokens, value: filled.value };
  };
}

/** As somebody who knows the library would: one sequence kept at the tool's prompt, one grammar a tool, no chat session. */
async function byLibrary(
  { llama, model, runtime }: Loaded,
  sequence: ReturnType<Awaited<ReturnType<Loaded["model"]["createContext"]>>["getSequence"]>,
  { name, instructions, schema, request }: Tool,
  maxTokens: number,
): Promise<Call> {
  const whole = {
    type: "object",
    properties: { name: { const: name }, arguments: schema },
    required: ["name", "arguments"],
  };
  const grammar = await llama.createGrammarForJsonSchema(whole as never);
  const prompter = new Prompter(runtime, model);
  const { head, tail, open } = prompter.layout({ instructions, cue: CUE, choices: [] });
  const prompt = [...head, ...prompter.plain(request), ...tail, ...prompter.plain(`${open} `)] as Token[];
  await sequence.clearHistory();
  await sequence.evaluateWithoutGeneratingNewTokens(head as Token[]);
  return async () => {
    await sequence.adaptStateToTokens(head as Token[], false);
    const grammarEvaluationState = new runtime.LlamaGrammarEvaluationState({ model, grammar });
    const written: Token[] = [];
    const steps = sequence.evaluate(prompt.slice(head.length), { temperature: 0, grammarEvaluationState });
    for await (const token of steps) {
      written.push(token);
      // Its grammar asks for four line feeds more; whoever parses as it goes need not wait for them.
      const value = parsed(model.detokenize(written));
      if (value !== undefined || written.length >= maxTokens) return { tokens: written.length, value };
    }
    return { tokens: written.length, value: undefined };
  };
}

/** The JSON value of a text, `undefined` as long as it is none. */
function parsed(text: string): unknown {
  if (!text.trimEnd().endsWith("}")) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readTools(file: string): Tool[] {
  const rows = readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  return TOOLS.map((name) => {
    const row = rows.find((each) => each.function[0].name === name);
    if (!row) throw new Error(`${file} has no tool ${name}`);
    const { description, parameters } = row.function[0];
    const schema = schemaOf(parameters);
    const instructions = `Call the tool "${name}". ${description}\nIts parameters: ${JSON.stringify(schema)}`;
    return { name, schema, request: row.question[0][0].content, instructions };
  });
}

const TYPES: { readonly [type: string]: string } = { dict: "object", float: "number", tuple: "array" };

/** The leaderboard's types as JSON Schema calls them, and only the keywords that the library's grammar knows. */
function schemaOf(given: { readonly [keyword: string]: unknown }): JsonSchema {
  const type = String(given.type);
  const properties = Object.entries((given.properties ?? {}) as { [name: string]: JsonSchema });
  return {
    type: TYPES[type] ?? type,
    ...(given.description ? { description: given.description } : {}),
    ...(given.enum ? { enum: given.enum } : {}),
    ...(given.items ? { items: schemaOf(given.items as JsonSchema) } : {}),
    ...(type === "dict"
      ? {
          properties: Object.fromEntries(properties.map(([name, inner]) => [name, schemaOf(inner)])),
          required: given.required ?? [],
        }
      : {}),
  };
}
