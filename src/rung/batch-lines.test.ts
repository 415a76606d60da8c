import { expect, test } from "vitest";
import { jsonLines } from "./batch-lines.ts";

async function read(...pieces: readonly (string | Uint8Array)[]): Promise<unknown[]> {
  const bytes = pieces.map((piece) => (typeof piece === "string" ? new TextEncoder().encode(piece) : piece));
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of bytes) controller.enqueue(piece);
      controller.close();
    },
  });
  const values: unknown[] = [];
  for await (const value of jsonLines(new Response(body))) values.push(value);
  return values;
}

test("values come line by line, however the file is cut, with or without a last line's end", async () => {
  expect(await read('{"a":1}\n{"b"', ":2}\r\n\n", "3")).toEqual([{ a: 1 }, { b: 2 }, 3]);
  const letter = new TextEncoder().encode('"é"\n');
  expect(await read(letter.slice(0, 2), letter.slice(2))).toEqual(["é"]);
  expect(await read()).toEqual([]);
});

test("what is no JSON, or longer than any reply, is a line without a value; the next is read all the same", async () => {
  expect(await read("{no\n1\n")).toEqual([undefined, 1]);
  const piece = "x".repeat(2 ** 20);
  expect(await read('"', piece, piece, piece, piece, piece, '"\n', "2\n")).toEqual([undefined, 2]);
});
