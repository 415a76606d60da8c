/** Which other machines were contacted with a journal: kept in its notes, said in summaries and by `pawl status`. */

import { count, counted } from "../batch/figures.ts";
import type { Journal } from "../journal/journal.ts";
import type { ContactedHost } from "../net/egress.ts";

const namesKey = "egress-hosts";
const countKey = (host: string, what: "connections" | "refused"): string => `egress-host/${host}/${what}`;

/** Names that this process set, which a journal need not show before they are on the disk. */
const onTheirWay = new WeakMap<Journal, Set<string>>();

/** Keeps a host's name as soon as it is met: a process that is killed has contacted it all the same. */
export function rememberHost(journal: Journal, host: string): void {
  const { notes } = journal;
  const ours = onTheirWay.get(journal) ?? new Set();
  onTheirWay.set(journal, ours.add(host));
  const noted = namesOf(notes.get(namesKey));
  const all = new Set([...noted, ...ours]);
  if (all.size > noted.length) notes.set(namesKey, JSON.stringify([...all].sort()));
}

/** Adds what a session came to. */
export async function rememberContacted(journal: Journal, hosts: readonly ContactedHost[]): Promise<void> {
  for (const { host, connections, refused } of hosts) {
    rememberHost(journal, host);
    if (connections > 0) await journal.notes.add(countKey(host, "connections"), connections);
    if (refused > 0) await journal.notes.add(countKey(host, "refused"), refused);
  }
}

/** All that were contacted with this journal, by name. One with no count was contacted by a process that was killed. */
export function contactedWith({ notes }: Journal): readonly ContactedHost[] {
  const of = (host: string, what: "connections" | "refused"): number => Number(notes.get(countKey(host, what)) ?? 0);
  return namesOf(notes.get(namesKey)).map((host) => ({
    host,
    connections: of(host, "connections"),
    refused: of(host, "refused"),
  }));
}

/** What `pawl status` says of them. */
export function contactedLines(journal: Journal): readonly string[] {
  const hosts = contactedWith(journal);
  if (hosts.length === 0) return ["other machines contacted: none on record"];
  return hosts.map(({ host, connections, refused }) => {
    const parts = [
      ...(connections > 0 || refused === 0 ? [connections > 0 ? counted(connections, "connection") : "contacted"] : []),
      ...(refused > 0 ? [`refused ${count(refused)} times`] : []),
    ];
    return `other machine ${host}: ${parts.join(", ")}`;
  });
}

function namesOf(text: string | undefined): readonly string[] {
  const names: unknown = text === undefined ? [] : JSON.parse(text);
  return Array.isArray(names) ? names.filter((name) => typeof name === "string") : [];
}
