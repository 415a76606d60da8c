/** The official SDK, loaded when it is first needed: most who use Pawl do without. */

import { messageOf, UsageError } from "../core/errors.ts";

type ClientPackage = typeof import("@modelcontextprotocol/client");

/** What a client is made of. */
export interface ClientParts {
  readonly client: ClientPackage;
  readonly stdio: typeof import("@modelcontextprotocol/client/stdio");
  readonly validators: typeof import("@modelcontextprotocol/client/validators/cf-worker");
}

/** Rejects with a `UsageError` `E_MCP_PACKAGE` where the package is not installed. */
export async function clientPackage(): Promise<ClientParts> {
  const [client, stdio, validators] = await orInstall(
    "@modelcontextprotocol/client",
    Promise.all([
      import("@modelcontextprotocol/client"),
      import("@modelcontextprotocol/client/stdio"),
      import("@modelcontextprotocol/client/validators/cf-worker"),
    ]),
  );
  return { client, stdio, validators };
}

/** What a server is made of. */
export interface ServerParts {
  readonly server: typeof import("@modelcontextprotocol/server");
  readonly stdio: typeof import("@modelcontextprotocol/server/stdio");
}

/** Rejects with a `UsageError` `E_MCP_PACKAGE` where the package is not installed. */
export async function serverPackage(): Promise<ServerParts> {
  const [server, stdio] = await orInstall(
    "@modelcontextprotocol/server",
    Promise.all([import("@modelcontextprotocol/server"), import("@modelcontextprotocol/server/stdio")]),
  );
  return { server, stdio };
}

/** The modules, or an error that says what to type. */
export async function orInstall<T>(name: string, loading: Promise<T>): Promise<T> {
  try {
    return await loading;
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
    const isMissing = code === "ERR_MODULE_NOT_FOUND" && messageOf(thrown).includes(name);
    const message = isMissing
      ? `MCP needs a package that is not installed: npm install ${name}`
      : `${name} cannot be loaded: ${messageOf(thrown)}`;
    throw new UsageError("E_MCP_PACKAGE", message, { cause: thrown, value: name });
  }
}
