/** What a batch came to: a table for people, an object for programs. */

import { relative } from "node:path";
import type { Fault } from "../core/answer.ts";
import type { ContactedHost } from "../net/egress.ts";
import { allQuestions, type Counts, localShare, type QuestionCounts, type RungCounts, settledRows } from "./counts.ts";
import { count, counted, duration, paid as paidText, percent, spend } from "./figures.ts";

/** Beside the counts: what the command was. */
export interface Setting {
  readonly loop: string;
  readonly version: string;
  /** Path of the journal, or `null` where nothing is kept. */
  readonly journal: string | null;
  readonly batch: string;
  /** Where the items' ids come from, in words; `null` where no row could be read. */
  readonly identity: string | null;
  /** Path of the output, or `null`. */
  readonly out: string | null;
  readonly currency: string;
  readonly dryRun: boolean;
  readonly seconds: number;
  /** The data was read to its end, or to the limit. */
  readonly complete: boolean;
  /** Other machines that were contacted, or refused, while it ran. */
  readonly hosts: readonly ContactedHost[];
}

/** The object that `--json` prints; its names are stable. Money in `currency`; `cost` is null where any is unpriced. */
export interface Summary extends Setting, Omit<Counts, "rungs" | "usage" | "rows" | "bytes" | "questions"> {
  /** Records that were met. */
  readonly rows: number;
  /** `localShare`: 0 to 1, null where nothing was asked. */
  readonly questions: Counts["questions"] & { readonly localShare: number | null };
  readonly rungs: Counts["rungs"];
  readonly usage: {
    readonly inputTokens: number;
    readonly outputTokens: number;
    readonly cost: number | null;
    readonly pricedCost: number;
    readonly unpriced: number;
  };
}

export function summaryOf(counts: Counts, setting: Setting): Summary {
  const { bytes: _, questions, usage, ...rest } = counts;
  const { inputTokens, outputTokens, cost, unpriced } = usage;
  return {
    ...setting,
    ...rest,
    questions: { ...questions, localShare: localShare(questions) },
    usage: { inputTokens, outputTokens, cost: unpriced > 0 ? null : cost, pricedCost: cost, unpriced },
  };
}

const faultWords: { readonly [name in Fault]: string } = {
  unknown_tool: "picked a tool that was not offered",
  second_call: "proposed more than one call",
  invalid_arguments: "gave arguments that do not fit, twice",
  invalid_value: "gave a value that does not fit",
  rung_failed: "a rung failed altogether",
};

/** The table that ends `pawl run`, a line an entry. */
export function summaryLines(counts: Counts, setting: Setting): readonly string[] {
  return [
    ...items(counts, setting),
    ...questions(counts),
    ...tools(counts),
    ...cost(counts, setting),
    ...contacted(setting),
  ];
}

function items(counts: Counts, { seconds, complete, dryRun, journal }: Setting): string[] {
  const lines = [
    row("items", count(settledRows(counts)), `in ${duration(seconds)}${complete ? "" : ", stopped before the end"}`),
    row("  done", count(counts.done), dryRun ? "dry run: nothing was changed and nothing is kept" : earlier(counts)),
  ];
  const add = (name: string, value: number, more = ""): void => {
    if (value > 0) lines.push(row(`  ${name}`, count(value), more));
  };
  const { later, waiting } = counts.questions;
  const toSend = commandIn(journal, "pawl batch send");
  const forBatch = later > 0 ? `${waiting > 0 ? "; " : ""}for a batch: ${toSend}` : "";
  const forPeople = waiting > 0 || later === 0 ? `for a person: ${commandIn(journal, "pawl review")}` : "";
  add("waiting", counts.waiting, dryRun ? "would wait for a person" : `${forPeople}${forBatch}`);
  add("asleep", counts.sleeping, "the same command goes on when their time has come");
  add("failed", counts.failed);
  for (const [code, failure] of Object.entries(counts.failures)) {
    lines.push(`      ${code} ${count(failure.count)}: ${failure.example.split("\n")[0]}`);
  }
  add(
    "at a limit",
    counts.limit,
    counts.spendLimit > 0 ? `${count(counts.spendLimit)} of them at the spend limit` : "",
  );
  add("set aside", counts.quarantined, "rows that were not run");
  for (const { line, reason } of counts.examples.quarantined) lines.push(`      line ${line}: ${reason}`);
  const more = counts.quarantined - counts.examples.quarantined.length;
  if (more > 0) lines.push(`      and ${count(more)} more`);
  add("held back", counts.held, "unfinished in another version of the loop: --changed continue, or restart");
  add("busy", counts.busy, `elsewhere: ${counts.examples.busy.join(", ")}`);
  add("stopped", counts.stopped, "unfinished: run the same command again");
  const notes: string[] = [];
  if (counts.kept > 0) {
    notes.push(
      `${counted(counts.kept, "item")} finished in another version of the loop: kept (--changed redo runs them again)`,
    );
  }
  if (counts.resumed > 0) notes.push(`${counted(counts.resumed, "run")} resumed where an earlier process stopped`);
  if (counts.continued > 0) notes.push(`${counted(counts.continued, "run")} of another version went on under this one`);
  if (counts.restarted > 0) notes.push(`${counted(counts.restarted, "item")} begun anew, because the loop had changed`);
  if (counts.effectsRisked > 0) {
    notes.push(
      `${counted(counts.effectsRisked, "call")} that change the world had been made in those before: they may now be made twice`,
    );
  }
  if (counts.changedContent > 0) {
    notes.push(`${counted(counts.changedContent, "item")} with other content than before: a new run each`);
  }
  if (counts.effectsRepeated > 0) {
    notes.push(`${counted(counts.effectsRepeated, "interrupted call")} made again, under the same key`);
  }
  return [...lines, ...notes.map((note) => `  ${note}`)];
}

function earlier(counts: Counts): string {
  return counts.earlier > 0 ? `${count(counts.earlier)} items were settled before this command` : "";
}

function questions({ questions, rungs, faults, repaired }: Counts): string[] {
  const { local, remote, person, waiting, later, overflow } = questions;
  const all = allQuestions(questions);
  const share = localShare(questions);
  if (share === null) return [];
  const lines = [
    row("questions", count(all)),
    row("  kept local", percent(share), `${count(local)} decided on this machine (${promisedText(questions)})`),
  ];
  if (remote > 0)
    lines.push(row("  elsewhere", percent(remote / all), `${count(remote)} decided by a rung that is not local`));
  lines.push(
    row("  to a person", percent((person + waiting) / all), `${count(person)} answered, ${count(waiting)} waiting`),
  );
  if (later > 0) lines.push(row("  by batch", percent(later / all), `${count(later)} not answered yet`));
  if (overflow > 0)
    lines.push(row("  by overflow", percent(overflow / all), `${count(overflow)} given the safe answer instead`));
  for (const [name, { asked, skipped, decided, broken, milliseconds }] of Object.entries(rungs)) {
    const each = asked > 0 && milliseconds > 0 ? `, ${duration(milliseconds / asked / 1000)} each` : "";
    const failed = broken > 0 ? `, failed ${count(broken)} times` : "";
    lines.push(`      ${name}: asked ${count(asked)}, decided ${count(decided)}${failed}${passed(skipped)}${each}`);
  }
  for (const [fault, times] of Object.entries(faults)) {
    lines.push(row("  fault", count(times), `${fault}: ${faultWords[fault as Fault]}`));
  }
  if (repaired > 0)
    lines.push(row("  repaired", count(repaired), "replies that fitted at the second try, or not even then"));
  return lines;
}

/** How much of what stayed local stands under a certificate. Which one, `pawl explain` and `pawl status` say. */
function promisedText({ local, promised, audited }: QuestionCounts): string {
  if (promised === 0) return "no promise yet";
  const rest = promised === local ? "all" : count(promised);
  return `${rest} under a promise, ${count(audited)} of these audited`;
}

function passed(skipped: RungCounts["skipped"]): string {
  const { unpriced = 0, "day spent": daySpent = 0, "not worth it": notWorth = 0 } = skipped;
  return [
    unpriced > 0 ? `, skipped ${count(unpriced)} without a price` : "",
    daySpent > 0 ? `, skipped ${count(daySpent)} with the day's budget spent` : "",
    notWorth > 0 ? `, skipped ${count(notWorth)} not worth its price` : "",
  ].join("");
}

/** The command that answers what waits, with the journal where it is not the one that is taken without a word. */
function commandIn(journal: string | null, command: string): string {
  const file = journal === null ? "" : relative(process.cwd(), journal);
  return file === "" || file === "pawl.db" ? command : `${command} --journal ${file}`;
}

function tools({ calls }: Counts): string[] {
  const all = Object.values(calls).reduce((sum, value) => sum + value, 0);
  if (all === 0) return [];
  const parts = Object.entries(calls).map(([outcome, value]) => `${count(value)} ${outcome.replace("_", " ")}`);
  return [row("tool calls", count(all), parts.join(", "))];
}

function cost({ usage, paid }: Counts, { currency }: Setting): string[] {
  const tokens = usage.inputTokens + usage.outputTokens;
  const calls = paid.calls + paid.served > 0 ? [row("paid calls", count(paid.calls), paidText(paid, currency))] : [];
  return [
    ...calls,
    row("tokens", count(tokens), `${count(usage.inputTokens)} read, ${count(usage.outputTokens)} written`),
    row("spend", spend(usage, currency)),
  ];
}

function contacted({ hosts }: Setting): string[] {
  const reached = hosts.filter(({ connections }) => connections > 0);
  const names = reached.map(({ host, connections }) => `${host} (${counted(connections, "connection")})`);
  const lines = [row("contacted", names.length === 0 ? "none" : count(names.length), names.join(", "))];
  for (const { host, refused } of hosts) {
    if (refused > 0) lines.push(row("  refused", count(refused), `${host}: not in egress.allow of the config`));
  }
  return lines;
}

function row(name: string, value: string, more = ""): string {
  return `${name.padEnd(14)} ${value.padStart(8)}${more === "" ? "" : `  ${more}`}`;
}
