/** A request's body: JSON, of a bounded size. */

import { messageOf } from "../core/errors.ts";
import { Problem } from "./problem.ts";

/** Throws a `Problem`: 415 for another type, 413 for too many bytes, 400 for what is no JSON. */
export async function readJson(request: Request, most: number): Promise<unknown> {
  const type = request.headers.get("content-type") ?? "";
  // Nothing else would need a browser to ask before it sends: a website's form could.
  if (!/^application\/([\w.+-]+\+)?json\b/i.test(type)) {
    throw new Problem(415, "unsupported_media_type", "the body must be JSON, with content-type: application/json");
  }
  const announced = Number(request.headers.get("content-length") ?? 0);
  if (announced > most) throw tooLarge(most);
  const bytes = await read(request, most);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (thrown) {
    throw new Problem(400, "invalid_json", `the body is no JSON: ${messageOf(thrown)}`);
  }
}

async function read(request: Request, most: number): Promise<Uint8Array> {
  // With its length announced, the server lets no more through than that.
  if (request.headers.has("content-length")) return new Uint8Array(await request.arrayBuffer());
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of request.body ?? []) {
    size += piece.length;
    if (size > most) throw tooLarge(most);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function tooLarge(most: number): Problem {
  return new Problem(413, "body_too_large", `the body may have ${most} bytes at most`);
}
