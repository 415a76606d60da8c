/** `pawl mcp`: what it takes. The work is in ../mcp.ts, loaded when it is asked for. */

import { type AddCommand, wholeNumber } from "../command.ts";
import type { McpOptions } from "../mcp.ts";

export const addMcp: AddCommand = (program, done) => {
  program
    .command("mcp")
    .summary("offer loops as MCP tools; or look at the tools of an MCP server")
    .description("Offers loops as tools to any MCP client, over standard input and output.")
    .argument(
      "[words...]",
      "loops: .ts or .js files, or FILE#NAME; with --tools, behind --, a server's command or address",
    )
    .option("--http <port>", "listen on this port instead; 0 takes a free one", wholeNumber(0, 65_535))
    .option("--host <name>", "with --http: where it listens (default: 127.0.0.1); any other needs keys")
    .option("--concurrency <n>", "most runs at work at once, 1 to 1000", wholeNumber(1, 1000), 16)
    .option("--config <file>", "the config (default: pawl.config.ts, .js or .mjs in this folder)")
    .option("--journal <file>", "the journal (default: the config's, else pawl.db)")
    .option("--tools", "list the tools of an MCP server, with the effects to declare")
    .option("--json", "with --tools: print them as JSON")
    .addHelpText(
      "after",
      `
Bearer tokens for --http: serve.keys in the config, or PAWL_SERVE_KEYS, a list with commas.

Examples:
  pawl mcp support.ts
  pawl mcp support.ts triage.ts --http 8808
  pawl mcp --tools -- npx -y @modelcontextprotocol/server-memory
  pawl mcp --tools http://127.0.0.1:8808/mcp`,
    )
    .action(async (words: string[], options: McpOptions) => {
      const { mcp } = await import("../mcp.ts");
      done(await mcp(words, options));
    });
};
