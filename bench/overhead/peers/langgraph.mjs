// LangGraph.js: the graph that its own documentation draws for an agent, a model node and a tool node, compiled once.
import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { tool as define } from "@langchain/core/tools";
import { END, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { ToolNode } from "@langchain/langgraph/prebuilt";
import { z } from "zod";
import { nextCall, tool, toolNames } from "../job.ts";
import { version } from "./version.mjs";

const schema = z.object({ n: z.number() });

// The messages are the question, then a call and its result for every turn.
async function model({ messages }) {
  const call = nextCall((messages.length - 1) / 2, Number(messages[0].content));
  if (call === undefined) return { messages: [new AIMessage("done")] };
  const asked = { id: call.id, name: call.tool, args: { n: call.n }, type: "tool_call" };
  return { messages: [new AIMessage({ content: "", tool_calls: [asked] })] };
}

function build(checkpointer) {
  const tools = toolNames.map((name) => define(tool, { name, description: `Tool ${name}.`, schema }));
  return new StateGraph(MessagesAnnotation)
    .addNode("model", model)
    .addNode("tools", new ToolNode(tools))
    .addEdge(START, "model")
    .addConditionalEdges("model", ({ messages }) => (messages.at(-1).tool_calls?.length ? "tools" : END), ["tools", END])
    .addEdge("tools", "model")
    .compile({ checkpointer });
}

function question(turns) {
  return { messages: [new HumanMessage(String(turns))] };
}

let graph;

export const memory = {
  version: version("@langchain/langgraph"),
  async prepare() {
    graph = build();
  },
  run: (turns) => graph.invoke(question(turns), { recursionLimit: 200 }),
};

let durableGraph;
let saver;
let threads = 0;

export const durable = {
  version: version("@langchain/langgraph"),
  async prepare(directory) {
    // Imported here: its better-sqlite3 wants a compiler, and without one the graph in memory still runs.
    const { SqliteSaver } = await import("@langchain/langgraph-checkpoint-sqlite");
    saver = SqliteSaver.fromConnString(`${directory}/langgraph.db`);
    durableGraph = build(saver);
  },
  run(turns) {
    threads += 1;
    return durableGraph.invoke(question(turns), {
      recursionLimit: 200,
      configurable: { thread_id: String(threads) },
    });
  },
  async close() {
    saver.db.close();
  },
};
