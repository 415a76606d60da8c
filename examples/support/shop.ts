/** A small shop in SQLite: orders, payments back, and the mails that went out. Effects are idempotent by key. */

import { DatabaseSync } from "node:sqlite";

export interface Order {
  readonly order: string;
  readonly customer: string;
  readonly status: "paid" | "shipped" | "delivered" | "refunded";
  readonly cents: number;
}

const orders: readonly Order[] = [
  { order: "AB123456", customer: "ada@example.com", status: "paid", cents: 4_990 },
  { order: "CD234567", customer: "bo@example.com", status: "shipped", cents: 12_900 },
  { order: "EF345678", customer: "cy@example.com", status: "delivered", cents: 1_550 },
  { order: "GH456789", customer: "di@example.com", status: "refunded", cents: 8_000 },
];

export class Shop implements Disposable {
  readonly #db: DatabaseSync;

  /** Opens the shop's file (`:memory:` for none), with four orders in it. */
  constructor(path: string) {
    this.#db = new DatabaseSync(path);
    this.#db.exec(`
      CREATE TABLE IF NOT EXISTS orders (number TEXT PRIMARY KEY, customer TEXT, status TEXT, cents INTEGER);
      CREATE TABLE IF NOT EXISTS effects (key TEXT PRIMARY KEY, what TEXT, number TEXT, detail TEXT);
    `);
    const add = this.#db.prepare("INSERT OR IGNORE INTO orders VALUES (?, ?, ?, ?)");
    for (const { order, customer, status, cents } of orders) add.run(order, customer, status, cents);
  }

  find(order: string): Order | undefined {
    const sql = 'SELECT number AS "order", customer, status, cents FROM orders WHERE number = ?';
    return this.#db.prepare(sql).get(order) as Order | undefined;
  }

  /** Pays an order back once per key: asked again with the same key, it changes nothing. */
  refund(order: string, key: string): { id: string } {
    if (this.#once(key, "refund", order, "")) {
      this.#db.prepare("UPDATE orders SET status = 'refunded' WHERE number = ?").run(order);
    }
    return { id: `refund of ${order}` };
  }

  /** Sends a mail, or hands a ticket over, once per key. */
  note(what: "reply" | "hand_over", detail: string, key: string): { sent: boolean } {
    return { sent: this.#once(key, what, "", detail) };
  }

  /** Everything that the shop did to the world, in order. */
  effects(): readonly { key: string; what: string; number: string; detail: string }[] {
    return this.#db.prepare("SELECT * FROM effects ORDER BY rowid").all() as never;
  }

  #once(key: string, what: string, order: string, detail: string): boolean {
    const sql = "INSERT OR IGNORE INTO effects VALUES (?, ?, ?, ?)";
    return this.#db.prepare(sql).run(key, what, order, detail).changes === 1;
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }
}
