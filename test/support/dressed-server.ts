/** A server in front of another that puts its replies into a vendor's shape, with all that the vendor says beside. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export type Fields = { readonly [key: string]: unknown };
/** A plain reply as one vendor would give it. */
export type Dress = (reply: Fields) => Fields;

export interface DressedServer extends AsyncDisposable {
  readonly url: string;
}

/** Hands every request on to the server at `origin`, and dresses what it answers with 200. */
export async function startDressedServer(origin: string, dress: Dress): Promise<DressedServer> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = chunks.length > 0 ? { method: "POST", body: Buffer.concat(chunks) } : {};
    const reply = await fetch(origin + request.url, { ...body, headers: { "content-type": "application/json" } });
    const said = (await reply.json()) as Fields;
    response.writeHead(reply.status, { "content-type": "application/json" });
    response.end(JSON.stringify(reply.ok ? dress(said) : said));
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
