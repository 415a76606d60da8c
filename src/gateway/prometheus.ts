/** Counters, gauges and histograms, and their text as Prometheus reads it (exposition format 0.0.4). */

type Labels = { readonly [name: string]: string };

interface Metric {
  lines(): readonly string[];
}

export class Registry {
  readonly #metrics: Metric[] = [];

  counter(name: string, help: string): Counter {
    return this.#add(new Counter(name, help));
  }

  /** Read when the metrics are. */
  gauge(name: string, help: string, read: () => number): void {
    this.#metrics.push({ lines: () => [...head(name, help, "gauge"), `${name} ${spelled(read())}`] });
  }

  /** A counter that somebody else keeps. */
  counted(name: string, help: string, read: () => number): void {
    this.#metrics.push({ lines: () => [...head(name, help, "counter"), `${name} ${spelled(read())}`] });
  }

  histogram(name: string, help: string, bounds: readonly number[]): Histogram {
    return this.#add(new Histogram(name, help, bounds));
  }

  text(): string {
    return `${this.#metrics.flatMap((metric) => metric.lines()).join("\n")}\n`;
  }

  #add<M extends Metric>(metric: M): M {
    this.#metrics.push(metric);
    return metric;
  }
}

export class Counter implements Metric {
  readonly #name: string;
  readonly #help: string;
  readonly #values = new Map<string, number>();

  constructor(name: string, help: string) {
    this.#name = name;
    this.#help = help;
  }

  add(labels: Labels = {}, amount = 1): void {
    const key = inBraces(labels);
    this.#values.set(key, (this.#values.get(key) ?? 0) + amount);
  }

  lines(): readonly string[] {
    const values = [...this.#values].map(([labels, value]) => `${this.#name}${labels} ${spelled(value)}`);
    return [...head(this.#name, this.#help, "counter"), ...values];
  }
}

interface Series {
  readonly labels: Labels;
  readonly counts: number[];
  sum: number;
  count: number;
}

export class Histogram implements Metric {
  readonly #name: string;
  readonly #help: string;
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, Series>();

  constructor(name: string, help: string, bounds: readonly number[]) {
    this.#name = name;
    this.#help = help;
    this.#bounds = bounds;
  }

  observe(labels: Labels, value: number): void {
    const key = inBraces(labels);
    const series = this.#series.get(key) ?? { labels, counts: this.#bounds.map(() => 0), sum: 0, count: 0 };
    this.#series.set(key, series);
    const place = this.#bounds.findIndex((bound) => value <= bound);
    if (place !== -1) series.counts[place]!++;
    series.sum += value;
    series.count++;
  }

  lines(): readonly string[] {
    const lines = head(this.#name, this.#help, "histogram");
    for (const { labels, counts, sum, count } of this.#series.values()) {
      let total = 0;
      for (const [place, bound] of this.#bounds.entries()) {
        total += counts[place]!;
        lines.push(`${this.#name}_bucket${inBraces({ ...labels, le: spelled(bound) })} ${total}`);
      }
      lines.push(`${this.#name}_bucket${inBraces({ ...labels, le: "+Inf" })} ${count}`);
      lines.push(`${this.#name}_sum${inBraces(labels)} ${spelled(sum)}`);
      lines.push(`${this.#name}_count${inBraces(labels)} ${count}`);
    }
    return lines;
  }
}

function head(name: string, help: string, type: "counter" | "gauge" | "histogram"): string[] {
  return [`# HELP ${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}`, `# TYPE ${name} ${type}`];
}

function inBraces(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function spelled(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}
