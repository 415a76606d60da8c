/** What the config says of a model on a server, checked and with its defaults filled in. */

import { UsageError } from "../core/errors.ts";
import { refuseUnknown } from "../core/refuse-unknown.ts";
import { canonicalHost, isLoopback } from "../net/host-name.ts";
import { checkPrice, mostCostOf, type Price } from "../wire/price.ts";
import { type Quirks, quirksOf, type Vendor, type VendorName, vendors } from "../wire/quirks.ts";
import { isCloudName } from "../wire/same-model.ts";
import type { WireName } from "../wire/wire.ts";
import { type Redactable, redactKinds } from "./redact.ts";

/** What every rung that asks a model elsewhere may be told. */
export interface UpwardOptions {
  /**
   * Least confidence that stands. Default 0.9 where replies carry probabilities (a decision wire, `logprobs`, `votes`);
   * where they carry none there is nothing to compare: a valid answer stands.
   */
  readonly acceptAt?: number;
  /**
   * Asks an odd number of times, at a temperature of 1, side by side: the share of equal answers is the probability.
   * Costs so many times as much.
   */
  readonly votes?: number;
  /** In the config's currency for a million tokens. Without it a reply that is not from this machine is unpriced. */
  readonly price?: Price;
  /** Most tokens that an answer may have, thinking that cannot be turned off not counted. Default 1,024. */
  readonly maxTokens?: number;
  /**
   * Most tokens that question and item may have; what may have more goes up unasked. No tokenizer makes more tokens than
   * a text has bytes, so that is how they are counted, and a limit on money holds. Default 32,000.
   */
  readonly maxInputTokens?: number;
  /**
   * Takes e-mail addresses, phone and card numbers out of what is sent, and puts them back into the answer: `true`, or
   * a list of `email`, `phone`, `card`. Default false.
   */
  readonly redact?: boolean | readonly Redactable[];
  /**
   * Longest silence of the server within one try, in seconds; less once it is known how long it takes. A whole reply may
   * take twice as long. Default 120, at most 280.
   */
  readonly timeoutSeconds?: number;
  /** Stands in the version key: certificates and learned numbers are void when it changes. */
  readonly version?: string;
}

export interface RemoteOptions extends UpwardOptions {
  /** Whose server it is, where that cannot be told from the address: how it wants to be asked. */
  readonly vendor?: VendorName;
  /** The format. Default: the first that the vendor speaks. */
  readonly wire?: WireName;
  /** Default: the environment variable of the vendor, sent to the vendor's own address only. */
  readonly key?: string;
  /**
   * Whether token probabilities are asked for. Default: on this machine, where the server's are known to be honest. By
   * them a closed question is answered by one letter.
   */
  readonly logprobs?: boolean;
  /** How a closed answer is forced, where it is known better than Pawl's table. */
  readonly structure?: Quirks["structure"];
  /** What may be sent with the key, by this and every other rung that has the same key and limits. */
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
  readonly headers?: { readonly [name: string]: string };
}

/** What asking upward needs to know, whatever carries it. */
export interface UpwardSettings {
  /** Of the rung. */
  readonly name: string;
  /** Host and port, as receipts say it. */
  readonly host: string;
  readonly model: string;
  readonly quirks: Quirks;
  /** The text never leaves this machine. */
  readonly isLocal: boolean;
  /** A reply costs money, or may: its calls are on record. */
  readonly isPaid: boolean;
  readonly logprobs: boolean;
  /** 1 where no votes are taken. */
  readonly votes: number;
  readonly acceptAt: number | null;
  readonly price: Price | null;
  readonly mostCost: number | null;
  readonly maxTokens: number;
  readonly maxInputTokens: number;
  readonly redact: ReadonlySet<Redactable> | null;
  readonly timeoutSeconds: number;
  readonly version: string;
}

export interface RemoteSettings extends UpwardSettings {
  readonly vendor: VendorName;
  /** Base address, without the path of a wire. */
  readonly url: string;
  readonly wire: WireName;
  /** How the key is sent. */
  readonly auth: Vendor["auth"];
  readonly headers: { readonly [name: string]: string };
  readonly key: string | null;
  /** Where the key comes from when the rung is opened; `null` where there is none to look for. */
  readonly keyVariable: string | null;
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
}

export const upwardFields: readonly string[] = [
  "acceptAt",
  "votes",
  "price",
  "maxTokens",
  "maxInputTokens",
  "redact",
  "timeoutSeconds",
  "version",
];
const remoteFields = [
  "vendor",
  "wire",
  "key",
  "logprobs",
  "structure",
  "requestsPerMinute",
  "tokensPerMinute",
  "headers",
];
/** Tokens that a server may count beside ours: the marks of its template, what it says of tools; the end of an answer. */
const AROUND_IN = 4000;
const AROUND_OUT = 2;
/** Longest silence, in seconds, that is ended here and not by the platform, which would not say so. */
const MOST_SILENCE = 280;
const structures: readonly string[] = ["json_schema", "tool", "json_object", "none"] satisfies Quirks["structure"][];

/** Throws a `UsageError` (`E_CONFIG`) that names the rung and what is wrong with it. */
export function remoteSettings(vendorOrUrl: string, model: string, options: RemoteOptions): RemoteSettings {
  const what = `remote("${vendorOrUrl}", "${model}")`;
  refuseUnknown("E_CONFIG", what, options, [...remoteFields, ...upwardFields]);
  check(typeof model === "string" && model !== "", what, "the second word is the model's name");
  const place = placeOf(vendorOrUrl, model, options, what);
  const { vendor, url } = place;
  const wire = options.wire ?? vendor.wires[0];
  check(vendor.wires.includes(wire), what, `${vendor.name} speaks ${vendor.wires.join(", ")}`, wire);
  const { structure, logprobs } = options;
  check(
    structure === undefined || structures.includes(structure),
    what,
    `structure is one of ${structures.join(", ")}`,
    structure,
  );
  const known = quirksOf(vendor.name, model);
  const quirks = structure === undefined ? known : { ...known, structure };
  const isDecision = wire === "systemone" || wire === "decisions";
  const isLoopbackHost = isLoopback(canonicalHost(url.hostname));
  const asksLogprobs = !isDecision && wire !== "messages" && (options.votes ?? 1) === 1;
  check(
    !logprobs || (asksLogprobs && quirks.logprobs !== "none"),
    what,
    "there are no token probabilities to be had, so logprobs cannot be on",
    logprobs,
  );
  const hasLogprobs = asksLogprobs && (logprobs ?? (isLoopbackHost && quirks.logprobs === "raw"));
  check(!isDecision || options.votes === undefined, what, `the wire ${wire} gives probabilities: it takes no votes`);
  for (const limit of ["requestsPerMinute", "tokensPerMinute"] as const) {
    check(options[limit] === undefined || options[limit] > 0, what, `${limit} is above 0`, options[limit]);
  }
  const upward = upwardSettings(what, options, {
    name: place.name,
    host: url.host,
    model,
    quirks,
    isLocal: isLoopbackHost && !isCloudName(model),
    hasProbabilities: isDecision || hasLogprobs,
    refusesTemperature: quirks.temperature === "never",
  });
  return {
    ...upward,
    vendor: vendor.name,
    url: url.origin + url.pathname.replace(/\/(v1\/?)?$/, ""),
    wire,
    auth: options.key !== undefined && vendor.auth === "none" ? "bearer" : vendor.auth,
    headers: { ...vendor.headers, ...options.headers },
    logprobs: hasLogprobs,
    key: options.key ?? null,
    keyVariable: options.key === undefined && place.isOwn ? vendor.keyVariable : null,
    requestsPerMinute: options.requestsPerMinute ?? null,
    tokensPerMinute: options.tokensPerMinute ?? null,
  };
}

/** What `remote` and the AI SDK's bridge have in common. */
export function upwardSettings(
  what: string,
  options: UpwardOptions,
  about: Pick<UpwardSettings, "name" | "host" | "model" | "quirks" | "isLocal"> & {
    readonly hasProbabilities: boolean;
    readonly refusesTemperature: boolean;
  },
): UpwardSettings {
  const { hasProbabilities, refusesTemperature, ...place } = about;
  const { votes = 1, maxTokens = 1024, maxInputTokens = 32_000, timeoutSeconds = 120, price = null } = options;
  check(
    Number.isInteger(votes) && votes % 2 === 1 && votes >= 1 && votes <= 99,
    what,
    "votes is an odd number up to 99",
    votes,
  );
  check(votes === 1 || !refusesTemperature, what, `${place.model} takes no temperature, so it cannot vote`, votes);
  for (const [limit, value] of Object.entries({ maxTokens, maxInputTokens, timeoutSeconds })) {
    check(value > 0 && Number.isFinite(value), what, `${limit} is above 0`, value);
  }
  const isEnded = `timeoutSeconds is at most ${MOST_SILENCE}: the platform itself ends a silence of 300 seconds`;
  check(timeoutSeconds <= MOST_SILENCE, what, isEnded, timeoutSeconds);
  const { acceptAt } = options;
  check(acceptAt === undefined || (acceptAt >= 0 && acceptAt <= 1), what, "acceptAt is from 0 to 1", acceptAt);
  const weighs = hasProbabilities || votes > 1;
  const noNumber = "acceptAt compares with probabilities, and its replies carry none; votes gives some";
  check(acceptAt === undefined || weighs, what, noNumber, acceptAt);
  if (price) checkPrice(what, price);
  const isPaid = price !== null || !place.isLocal;
  const most = mostCostOf(price, maxInputTokens + AROUND_IN, maxTokens + place.quirks.thinkingTokens + AROUND_OUT);
  return {
    ...place,
    isPaid,
    logprobs: false,
    votes,
    acceptAt: acceptAt ?? (weighs ? 0.9 : null),
    price,
    mostCost: isPaid ? most && most * votes : 0,
    maxTokens,
    maxInputTokens,
    redact: redactKinds(options.redact, what),
    timeoutSeconds,
    version: options.version ?? "",
  };
}

interface ServerPlace {
  readonly vendor: Vendor;
  readonly url: URL;
  readonly name: string;
  /** It is the vendor's own address: there, and nowhere else, its key goes by itself. */
  readonly isOwn: boolean;
}

function placeOf(vendorOrUrl: string, model: string, { vendor: named }: RemoteOptions, what: string): ServerPlace {
  const names = Object.keys(vendors).join(", ");
  if (named !== undefined) check(Object.hasOwn(vendors, named), what, `vendor is one of ${names}`, named);
  const vendor = Object.hasOwn(vendors, vendorOrUrl) ? vendors[vendorOrUrl as VendorName] : null;
  if (vendor) {
    check(named === undefined || named === vendor.name, what, "a vendor is named twice", named);
    check(vendor.url !== null, what, `${vendor.name} has no address of its own: give one`);
    return { vendor, url: new URL(vendor.url), name: `${vendor.name}:${model}`, isOwn: true };
  }
  const url = URL.parse(vendorOrUrl);
  check(
    url !== null && /^https?:$/.test(url.protocol),
    what,
    `the first word is an address such as http://gpu-box:8000, or one of ${names}`,
  );
  check(url.username === "" && url.password === "", what, "a key belongs into the option key, not into the address");
  const owner = Object.values(vendors).find((one) => one.url !== null && isSamePlace(new URL(one.url), url));
  const known = named === undefined ? (owner ?? vendors.generic) : vendors[named];
  return { vendor: known, url, name: `remote:${url.host}/${model}`, isOwn: owner === known };
}

function isSamePlace(one: URL, other: URL): boolean {
  const host = (url: URL): string =>
    isLoopback(canonicalHost(url.hostname)) ? "loopback" : canonicalHost(url.hostname);
  return one.protocol === other.protocol && host(one) === host(other) && one.port === other.port;
}

function check(holds: boolean, what: string, message: string, value?: unknown): asserts holds {
  if (!holds) throw new UsageError("E_CONFIG", `${what}: ${message}`, { value });
}
