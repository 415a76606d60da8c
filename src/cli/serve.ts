/** The gateway as a command: from its config to a port, and from a signal to an end that loses nothing. */

import { keysIn } from "../config/access.ts";
import type { RequestLine } from "../gateway/app.ts";
import { createGateway, type Gateway } from "../gateway/gateway.ts";
import { gatewayLoopFile, gatewayLoopName } from "../gateway/loop.ts";
import { type Listening, listen } from "../gateway/server.ts";
import { type ExitCode, log, print, printJsonLine } from "./command.ts";
import { faultOf } from "./fault.ts";
import { Interrupts } from "./interrupts.ts";
import { openSession, rememberConfig, rememberLoop, rememberRungs, type Session } from "./session.ts";

/** What `pawl serve` takes. */
export interface ServeOptions {
  readonly host?: string;
  readonly port?: number;
  /** Seconds. */
  readonly grace: number;
  readonly localOnly?: true;
  readonly config?: string;
  readonly journal?: string;
  readonly json?: true;
  readonly quiet?: true;
}

/** Serves until it is told to stop. Returns the exit code. */
export async function serve(options: ServeOptions): Promise<ExitCode> {
  const interrupts = new Interrupts();
  const session = await openSession({ ...options, stop: interrupts.stop, say: log });
  try {
    rememberConfig(session.journal, session.configFile);
    // So that `pawl review` can go on with runs of the gateway, as with those of any loop.
    rememberLoop(session.journal, gatewayLoopName, gatewayLoopFile);
    rememberRungs(session);
    const { config, journal, parts } = session;
    const gateway = createGateway({
      config,
      journal,
      parts,
      keys: keysIn(process.env.PAWL_SERVE_KEYS),
      ...(options.host !== undefined && { host: options.host }),
      heard: (line) => say(line, options),
      failed: (thrown) => log(`pawl: ${faultOf(thrown).message}`),
    });
    const listening = await listen(gateway, { host: gateway.host, port: options.port ?? gateway.port });
    try {
      announce(listening, gateway, session, options);
      await interrupts.unlessInterrupted(gateway.open());
      say({ state: "ready" }, options);
      await new Promise<void>((resolve) => {
        if (interrupts.drain.aborted) resolve();
        else interrupts.drain.addEventListener("abort", () => resolve(), { once: true });
      });
    } catch (thrown) {
      if (!interrupts.drain.aborted) throw thrown;
    } finally {
      if (!options.json) log("ending: no new questions; what is under way gets an answer or stays in the journal");
      await listening.close(options.grace * 1000);
    }
    return 0;
  } finally {
    interrupts.end();
    await session.close();
  }
}

function say(line: RequestLine | { readonly state: string }, { json, quiet }: ServeOptions): void {
  if (json) {
    if (!quiet || "state" in line) printJsonLine(line, false);
  } else if ("state" in line) log(line.state);
  else if (!quiet) {
    const { method, route, status, milliseconds, run, standing } = line;
    const answered = [run, standing].filter((part) => part !== null).join(" ");
    log(`${method} ${route} ${status} ${milliseconds.toFixed(1)} ms ${answered}`.trim());
  }
}

function announce(listening: Listening, gateway: Gateway, session: Session, options: ServeOptions): void {
  const { address, host, port } = listening;
  const { ladder, needsKey } = gateway;
  const { journalFile, config } = session;
  const { risk, uncertified } = config.serve ?? {};
  if (options.json) {
    printJsonLine({ state: "listening", address, host, port, ladder, needsKey, journal: journalFile }, false);
    return;
  }
  print(`Listening on ${address}`);
  print(`  ladder   ${ladder.join(" > ")}`);
  print(`  promise  ${risk === undefined ? "none" : `at most ${risk * 100} % wrong among what stays local`}`);
  if (uncertified !== undefined) print(`  without a certificate ${uncertified} answers`);
  if (ladder.at(-1) === "person") print("  in doubt a person answers: pawl review");
  print(`  keys     ${needsKey ? "a bearer token is needed" : "none: only this machine can ask"}`);
  print(`  journal  ${journalFile}`);
  print("  routes   POST /v1/systemone /v1/decisions /v1/decision-model /v1/chat/completions");
  print("           GET  /v1/answers/ID /v1/models /healthz /readyz /metrics /openapi.json");
}
