/** What each fault on the way means for the next step: may it be tried again, was it perhaps done, what to do. */

import type { TransportFault } from "../core/server-fault.ts";

interface FaultRule {
  /** Most times that it is tried again for this reason alone. */
  readonly again: number;
  /** The server may have carried the request out (and be paid). */
  readonly maybeDone: boolean;
  /**
   * The server as a whole is in trouble, not this request: counts towards leaving it alone; `even alone`: where it was
   * asked one thing at a time, and could slow down no further.
   */
  readonly sick: boolean | "even alone";
  /** It has too much to do: fewer at once. */
  readonly busy?: true;
  /** What happened, and what to do, behind the host's name. */
  readonly text: string;
}

export const faultRules: { readonly [fault in TransportFault]: FaultRule } = {
  unreachable: {
    again: 2,
    maybeDone: false,
    sick: true,
    text: "could not be reached: is it running, and is the address right?",
  },
  "connection reset": {
    again: 3,
    maybeDone: true,
    sick: true,
    text: "broke the connection off: its log may say why",
  },
  certificate: {
    again: 0,
    maybeDone: false,
    sick: true,
    text: "has no certificate that is trusted here: NODE_EXTRA_CA_CERTS names a file of your own authority",
  },
  redirect: {
    again: 0,
    maybeDone: false,
    sick: false,
    text: "sends to another address, which was not asked: name the right one in the config",
  },
  "host not allowed": {
    again: 0,
    maybeDone: false,
    sick: false,
    text: "may not be asked in local-only mode: add it to egress.allow in the config",
  },
  "rate limited": {
    again: 3,
    maybeDone: false,
    sick: "even alone",
    busy: true,
    text: "was asked too often, or its quota is used up: a rate in the config keeps below its limit",
  },
  overloaded: { again: 3, maybeDone: false, sick: true, busy: true, text: "has too much to do, or is still loading" },
  "server error": { again: 3, maybeDone: true, sick: true, text: "failed by itself: its log may say why" },
  "bad request": {
    again: 0,
    maybeDone: false,
    sick: false,
    text: "does not take this request: `pawl doctor` finds what the server can do",
  },
  "not found": {
    again: 0,
    maybeDone: false,
    sick: false,
    text: "knows no such model or route: check the model's name and the address",
  },
  unauthorized: {
    again: 0,
    maybeDone: false,
    sick: false,
    text: "refused the key: check it and what it may be used for",
  },
  "context exceeded": {
    again: 0,
    maybeDone: false,
    sick: false,
    text: "has too little room for this prompt: give the server a longer context, or send less of the item",
  },
  stalled: { again: 1, maybeDone: true, sick: true, busy: true, text: "was silent for longer than it ever takes" },
  "too slow": { again: 0, maybeDone: true, sick: true, busy: true, text: "went on sending, and no end came" },
  "reply too large": { again: 0, maybeDone: true, sick: false, text: "sent more than any reply may have" },
  "endless whitespace": {
    again: 0,
    maybeDone: true,
    sick: false,
    text: "sent spaces without end: its grammar let the model write nothing else",
  },
  "invalid UTF-8": { again: 0, maybeDone: true, sick: false, text: "sent bytes that are no text" },
  "not JSON": {
    again: 0,
    maybeDone: true,
    sick: false,
    text: "sent what is not JSON: is there a proxy or a sign-in page at this address?",
  },
  "circuit open": {
    again: 0,
    maybeDone: false,
    sick: false,
    text: "failed again and again a moment ago and is left alone for a while",
  },
  "over the rate": {
    again: 0,
    maybeDone: false,
    sick: false,
    text: "was not asked: the key's share of requests is used up for longer than may be waited, or too many wait",
  },
  closed: { again: 0, maybeDone: false, sick: false, text: "is asked no more: the run is over, or nobody read on" },
};
