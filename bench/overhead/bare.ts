// The floor: the same job as a plain loop, with no library at all.
import { type Mode, nextCall, tool } from "./job.ts";

export const memory: Mode = {
  version: "",
  async prepare() {},
  async run(turns) {
    const results: { n: number }[] = [];
    for (;;) {
      const call = await model(results.length, turns);
      if (call === undefined) return results;
      results.push(tool({ n: call.n }));
    }
  },
};

// Asynchronous, as every library's model is.
async function model(done: number, turns: number): Promise<ReturnType<typeof nextCall>> {
  return nextCall(done, turns);
}
