/** Rungs that are named by an address; the engine behind it is tested in `engine/llama-server.test.ts`. */

import { expect, test } from "vitest";
import { startFake } from "../../test/support/fake-llama-server.ts";
import { memoryJournal } from "../journal/memory.ts";
import { model } from "./model.ts";

test.each([
  ["http://gpu-box:8080", "model:gpu-box:8080", false],
  ["http://gpu-box:8080/v1/", "model:gpu-box:8080", false],
  ["https://models.example", "model:models.example", false],
  ["http://10.0.0.7:8080", "model:10.0.0.7:8080", false],
  ["http://127.0.0.1:8080", "model:127.0.0.1:8080", true],
  ["http://localhost:8080", "model:localhost:8080", true],
  ["http://[::1]:8080", "model:[::1]:8080", true],
  ["http://127.0.0.1.example:8080", "model:127.0.0.1.example:8080", false],
  [["http://a:1", "http://localhost:2"], "model:a:1,localhost:2", false],
  ["smollm2-135m", "model:smollm2-135m", true],
  ["C:\\models\\own.gguf", "model:C:\\models\\own", true],
])("model(%j) is called %s, local: %s", (named, name, local) => {
  expect(model(named)).toMatchObject({ name, local, mostCost: 0 });
});

test("a list is of addresses only", () => {
  expect(() => model(["http://a:1", "smollm2-135m"])).toThrow(expect.objectContaining({ code: "E_CONFIG" }));
  expect(() => model([])).toThrow(expect.objectContaining({ code: "E_CONFIG" }));
});

test("a rung by address opens the server and asks it, and closes it again", async () => {
  await using server = await startFake();
  const rung = model(server.url);
  const notes = { get: () => undefined, set: () => {}, add: async () => 0 };
  const vectors = { get: () => undefined, set: () => {} };
  await rung.open!({ notes, vectors, recall: () => undefined, calls: memoryJournal().calls, say: () => {} });
  expect(server.fake.asked.map(({ path }) => path)).toContain("/props");
  await rung.close!();
});

test("what only a server has is refused beside a file", () => {
  expect(() => model("smollm2-135m", { server: { apiKey: "k" } })).toThrow("for a model with an address");
  expect(model("http://127.0.0.1:8080", { server: { apiKey: "k" } }).local).toBe(true);
});
