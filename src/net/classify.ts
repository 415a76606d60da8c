/** Which fault it was: from what the platform throws, and from statuses and error objects of servers. */

import type { TransportFault } from "../core/server-fault.ts";
import { Failure } from "./failure.ts";

/** Only said where there is no connection yet. */
const never: readonly string[] = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EAI_FAIL", "UND_ERR_CONNECT_TIMEOUT"];
/** So is whatever one of these says; by another call, such as `read`, ETIMEDOUT and its like end connections that stood. */
const connecting: readonly unknown[] = ["connect", "getaddrinfo"];
/** What is wrong with a certificate is found before anything is sent; other errors of TLS may come at any time. */
const certificate =
  /^(CERT_|ERR_TLS_CERT_|UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED_CERT$|SELF_SIGNED_CERT_IN_CHAIN$|HOSTNAME_MISMATCH$|INVALID_CA$)/;

/** What `fetch` threw. It says "fetch failed" and keeps the reason some causes further down. */
export function failureOfThrown(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  const reasons = reasonsOf(thrown);
  const one = (test: (reason: Reason) => boolean): boolean => reasons.some(test);
  const fault: TransportFault = one(({ code }) => code === "E_HOST_NOT_ALLOWED")
    ? "host not allowed"
    : one(({ code }) => certificate.test(code))
      ? "certificate"
      : one(({ code, syscall }) => never.includes(code) || connecting.includes(syscall))
        ? "unreachable"
        : isSilence(reasons)
          ? "stalled"
          : "connection reset";
  return new Failure(fault, { cause: thrown });
}

/** What a body that is read threw: the request was sent, whatever is said of the connection. */
export function failureOfBody(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  return new Failure(isSilence(reasonsOf(thrown)) ? "stalled" : "connection reset", { cause: thrown });
}

interface Reason {
  readonly code: string;
  readonly syscall: unknown;
}

function isSilence(reasons: readonly Reason[]): boolean {
  return reasons.some(({ code }) => code === "UND_ERR_HEADERS_TIMEOUT" || code === "UND_ERR_BODY_TIMEOUT");
}

function reasonsOf(thrown: unknown): readonly Reason[] {
  const reasons: Reason[] = [];
  for (let at = thrown, depth = 0; typeof at === "object" && at !== null && depth < 8; depth++) {
    const { code, syscall, cause, errors } = at as {
      readonly code?: unknown;
      readonly syscall?: unknown;
      readonly cause?: unknown;
      readonly errors?: unknown;
    };
    if (typeof code === "string") reasons.push({ code, syscall });
    // Several addresses were tried: each has its own reason.
    if (Array.isArray(errors)) reasons.push(...errors.flatMap((error: unknown) => reasonsOf(error)));
    at = cause;
  }
  return reasons;
}

/** What servers call a prompt that is too long; each has its own words. */
const tooLong =
  /context.{0,3}(length|window|size)|(exceed|longer|larger|too long|maximum).{0,40}context|prompt is too long|too many (input )?tokens|input (is )?too long|exceeds? the .{0,20}(token limit|context)/i;
const overloaded = /overload|at capacity|server is busy|loading model|temporarily unavailable/i;
const limited = /rate.?limit|too many requests|quota/i;
const unauthorized = /authentication|unauthorized|invalid.{0,8}api.?key|permission/i;
/** Paying helps against these, waiting does not. */
const usedUp = /insufficient_quota|billing|credit balance/i;

type Part = { readonly [key: string]: unknown };

/** The failure that a reply stands for; `null` where status and content say that all is well. */
export function failureOfReply(status: number, body: unknown, retryAfter: number | null): Failure | null {
  if (status >= 300 && status < 400) return new Failure("redirect", { status });
  const error = errorIn(body);
  if (status >= 200 && status < 300) {
    if (error === null || hasAnswer(body)) return null;
    return fail(byContent(error) ?? "server error");
  }
  return fail(byStatus(status, error ?? ""));

  function fail(fault: TransportFault): Failure {
    const code = codeIn(body);
    return new Failure(fault, {
      status,
      retryAfter,
      code,
      isFinal: fault === "rate limited" && usedUp.test(error ?? ""),
    });
  }
}

function byStatus(status: number, error: string): TransportFault {
  // First of all: too many tokens may have been sent in a minute.
  if (status === 429) return "rate limited";
  if (status === 413 || (status < 500 && tooLong.test(error))) return "context exceeded";
  if (status === 401 || status === 402 || status === 403) return "unauthorized";
  if (status === 404 || status === 405 || status === 410 || status === 501) return "not found";
  // 425 and 423: too early, locked.
  if (status === 503 || status === 529 || status === 425 || status === 423) return "overloaded";
  if (status >= 500)
    return tooLong.test(error) ? "context exceeded" : overloaded.test(error) ? "overloaded" : "server error";
  return status === 408 ? "server error" : "bad request";
}

function byContent(error: string): TransportFault | null {
  if (limited.test(error)) return "rate limited";
  if (tooLong.test(error)) return "context exceeded";
  if (overloaded.test(error)) return "overloaded";
  if (unauthorized.test(error)) return "unauthorized";
  if (/not.?found|no such model/i.test(error)) return "not found";
  return /invalid.?request/i.test(error) ? "bad request" : null;
}

/** All that an error object says, as one text to look through; `null` where there is no error. */
function errorIn(body: unknown): string | null {
  if (typeof body !== "object" || body === null) return null;
  const { error, type, detail, message } = body as Part;
  if (typeof error === "string" && error !== "") return error;
  if (typeof error === "object" && error !== null) {
    const { type: its, code, message: said, metadata } = error as Part;
    return [its, code, said, typeof metadata === "object" ? JSON.stringify(metadata) : ""].join(" ");
  }
  if (type === "error" || typeof detail === "string" || (typeof message === "string" && "code" in body)) {
    return [detail, message].join(" ");
  }
  return null;
}

/** An answer beside an error is one that is looked at. */
function hasAnswer(body: unknown): boolean {
  const part = body as Part;
  return ["choices", "answers", "content", "message", "response", "models", "data"].some((key) => {
    const value = part[key];
    return typeof value === "object" ? value !== null : key === "response" && typeof value === "string";
  });
}

/** The server's own name for an error: letters and underscores, so that nothing of an item or a key can be in it. */
function codeIn(body: unknown): string | null {
  const error = typeof body === "object" && body !== null ? (body as Part).error : null;
  if (typeof error !== "object" || error === null) return null;
  const names = [(error as Part).code, (error as Part).type];
  return (
    names.find(
      (name): name is string => typeof name === "string" && /^[a-z]+(_[a-z]+)+$/.test(name) && name.length <= 40,
    ) ?? null
  );
}
