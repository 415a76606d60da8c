/** Which process holds a lease, and whether it still lives. */

import { readFileSync, readlinkSync } from "node:fs";
import { hostname, uptime } from "node:os";

export interface Owner {
  readonly host: string;
  /** This start of the machine, and the namespace that the process number belongs to, with a blank between. */
  readonly boot: string;
  readonly pid: number;
  /** When the process started, in the kernel's own count: a number used again later is another process. */
  readonly born: string;
}

/** A lease is given up after this long without a beat, even if its owner seems to be alive. */
export const leaseMilliseconds = 30_000;

function readOr(read: () => string, otherwise: string): string {
  try {
    return read().trim();
  } catch {
    return otherwise;
  }
}

function bootOf(): string {
  // Without /proc the start of the machine is known to a few seconds; a minute's grain hides the jitter.
  const boot = readOr(
    () => readFileSync("/proc/sys/kernel/random/boot_id", "utf8"),
    String(Math.round((Date.now() / 1000 - uptime()) / 60)),
  );
  return `${boot} ${readOr(() => readlinkSync("/proc/self/ns/pid"), "")}`;
}

/** Empty where it cannot be known: no /proc, or one that hides other people's processes. */
function bornOf(pid: number): string {
  // Fields 3 and 22 of stat, counted after the command's closing bracket: the command may hold spaces.
  const fields = readOr(() => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1) ?? "", "").split(" ");
  // A zombie is dead, however long nobody asks for its remains.
  return fields[0] === "Z" || fields[0] === "X" ? "dead" : (fields[19] ?? "");
}

export function thisProcess(): Owner {
  return { host: hostname(), boot: bootOf(), pid: process.pid, born: bornOf(process.pid) };
}

/** Whether the owner may still write. `beat` is the time of its last sign of life, in milliseconds. */
export function isAlive(
  owner: Owner,
  beat: number,
  now: number,
  lease: number = leaseMilliseconds,
  here: Owner = thisProcess(),
): boolean {
  if (now - beat > lease) return false;
  if (owner.host !== here.host) return true;
  const [boot, namespace] = owner.boot.split(" ");
  const [ourBoot, ourNamespace] = here.boot.split(" ");
  if (boot !== ourBoot) return false;
  // Numbers of another container mean nothing here: only the lease can tell.
  if (namespace !== ourNamespace) return true;
  try {
    process.kill(owner.pid, 0);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  const born = bornOf(owner.pid);
  return born === "" || born === owner.born;
}

export function describeOwner(owner: Owner): string {
  return `process ${owner.pid} on ${owner.host}`;
}
