/** A version out of the record, put together again: to ask it what it says, not to let anything stand. */

import type { MetQuestion } from "../core/label.ts";
import type { PolicyEvent } from "../core/policy-event.ts";
import type { Rung } from "../rung/rung.ts";
import type { LocalVersion, Member } from "./local-version.ts";
import { questionAbout } from "./met-question.ts";
import { memberFrom } from "./teach.ts";

export type VersionMade = Extract<PolicyEvent, { type: "version_made" }>;

export type RecordedVersion =
  | { readonly kind: "whole"; readonly version: LocalVersion }
  /** A rung or its weights are not here any more, or give other numbers by now. */
  | { readonly kind: "gone"; readonly why: string };

/** `rungs`: those that are there now, open where they need to be; more of them than the version has do no harm. */
export function versionFrom(
  event: VersionMade,
  met: MetQuestion,
  rungs: readonly Rung[],
  weightsOf: (digest: string) => Uint8Array | undefined,
): RecordedVersion {
  const members: Member[] = [];
  for (const record of event.members) {
    const member = memberFrom(record, rungs, weightsOf);
    if (!member) return { kind: "gone", why: `the rung ${record.name}, or what it had learned, is not here any more` };
    const now = member.rung.version?.(questionAbout(met, "")) ?? "";
    if (now !== record.version) return { kind: "gone", why: `the rung ${record.name} is another than it was then` };
    members.push(member);
  }
  const { key, grid, coverage, accepted, wrong, trainedOn, upTo } = event;
  return { kind: "whole", version: { key, members, grid, coverage, accepted, wrong, trainedOn, upTo } };
}
