/** `pawl/testing`: what tests and docs run on. */

export { memoryJournal } from "./journal/memory.ts";
export { type Script, type ScriptedReply, scripted } from "./rung/scripted.ts";
