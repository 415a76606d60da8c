/** What a person reads of a fault: the host, what happened, what to do. Never a key, never a word of an item. */

import type { Address } from "./backend-options.ts";
import { allowing } from "./egress.ts";
import { Failure } from "./failure.ts";
import { faultRules } from "./fault-rules.ts";
import { hostAndPort } from "./host-name.ts";

export function messageFor(
  { host, hostname, port }: Address,
  failure: Failure,
  tries: number,
  maybeDone: boolean,
): string {
  const { fault, status, code, retryAfter } = failure;
  if (fault === "host not allowed") {
    return `${host} may not be asked in local-only mode: ${allowing(hostAndPort(hostname, port))}`;
  }
  // By when it may be asked again is past by the time that anybody reads this.
  if (fault === "circuit open" && failure.cause instanceof Failure) {
    return `${host} ${faultRules[failure.cause.fault].text}, again and again, and is left alone for a while`;
  }
  const said = [status === null ? "" : String(status), code ?? ""].filter((one) => one !== "").join(", ");
  const more = [
    said === "" ? "" : ` (${said})`,
    tries > 1 ? `; tried ${tries} times` : "",
    retryAfter === null ? "" : `; it may be asked again in ${Math.ceil(retryAfter)} s`,
    maybeDone ? "; it may have done the work all the same" : "",
  ];
  return `${host} ${faultRules[fault].text}${more.join("")}`;
}
