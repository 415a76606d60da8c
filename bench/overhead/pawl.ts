// Pawl doing the job: one `step.loop` whose scripted model picks a, b, c in turn and then finishes.
import { defineLoop, defineTool, type Journal, makeParts, memoryJournal, openJournal, type Parts, runItem } from "pawl";
import pawl from "pawl/package.json" with { type: "json" };
import { scripted } from "pawl/testing";
import { z } from "zod";
import { type Mode, nextCall, tool, toolNames } from "./job.ts";

const number = z.object({ n: z.int() });

const tools = toolNames.map((name) =>
  defineTool({ name, description: `Tool ${name}.`, input: number, output: number, effect: "read", run: tool }),
);

const loop = defineLoop({
  name: "overhead",
  input: z.object({ turns: z.int() }),
  output: z.object({ calls: z.int() }),
  limits: { steps: 1000 },
  async run({ turns }, step) {
    const done = await step.loop("go", { about: "the job", tools, limits: { steps: turns } });
    return { calls: done.turns.length };
  },
});

const model = scripted((question, { item }) => {
  const done = Number(question.path.slice("go/".length)) - 1;
  const call = nextCall(done, (item as { turns: number }).turns);
  return call ? { tool: call.tool, args: { n: call.n } } : "finish";
});

function mode(openIn: (directory: string) => Journal): Mode {
  let parts: Parts;
  let journal: Journal;
  let items = 0;
  return {
    version: pawl.version,
    async prepare(directory) {
      journal = openIn(directory);
      parts = makeParts({ ladder: [model] }, journal);
    },
    async run(turns) {
      const item = String(++items);
      const taken = await journal.begin({
        loop: loop.name,
        version: loop.version,
        item,
        content: item,
        input: { turns },
      });
      if (taken.kind !== "taken") throw new Error(`run ${item} was ${taken.kind}`);
      const end = await runItem(loop, taken, parts);
      if (end.kind !== "ended" || end.outcome.kind !== "done") throw new Error(`run ${item} did not end well`);
    },
    close: () => journal.close(),
  };
}

export const memory: Mode = mode(() => memoryJournal({ keep: "unfinished" }));

export const durable: Mode = mode((directory) => openJournal(`${directory}/pawl.db`));
