/** `pawl/testing`: what tests and docs run on. */

export { memoryJournal } from "./journal/memory.ts";
export { type Script, type ScriptedReply, scripted } from "./rung/scripted.ts";
export { type HostileFault, type HostileFaultName, hostileFaults } from "./testing/hostile-faults.ts";
export type { HostileAsked, HostileQuestion, HostileScript } from "./testing/hostile-request.ts";
export {
  type HostileOptions,
  type HostileRequest,
  type HostileServer,
  startHostileServer,
} from "./testing/hostile-server.ts";
