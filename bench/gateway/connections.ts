// Many connections that stay open, each with one request at a time: a client thin enough not to be what is measured.
import { connect, type Socket } from "node:net";

export interface Replied {
  readonly status: number;
  readonly body: string;
}

type Waiting = (reply: Replied | null) => void;

class Connection {
  readonly #socket: Socket;
  #text = "";
  #waiting: Waiting | null = null;
  isOpen = true;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setEncoding("latin1");
    socket.on("data", (piece: string) => this.#read(piece));
    for (const event of ["close", "error"] as const) socket.on(event, () => this.#end());
  }

  get isIdle(): boolean {
    return this.isOpen && this.#waiting === null;
  }

  /** The reply, or `null` where the connection ended without one. */
  send(request: string): Promise<Replied | null> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
      this.#socket.write(request);
    });
  }

  #read(piece: string): void {
    this.#text += piece;
    const end = this.#text.indexOf("\r\n\r\n");
    if (end === -1) return;
    const length = Number(/content-length: (\d+)/i.exec(this.#text.slice(0, end))?.[1] ?? 0);
    if (this.#text.length < end + 4 + length) return;
    const status = Number(this.#text.slice(9, 12));
    const body = this.#text.slice(end + 4, end + 4 + length);
    this.#text = this.#text.slice(end + 4 + length);
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.({ status, body });
  }

  #end(): void {
    this.isOpen = false;
    this.#waiting?.(null);
    this.#waiting = null;
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** So many open connections; a request takes the one that has rested longest, and waits where none rests. */
export class Connections {
  readonly #all: Connection[];
  readonly #idle: Connection[];
  readonly #queue: ((connection: Connection) => void)[] = [];

  constructor(all: Connection[]) {
    this.#all = all;
    this.#idle = [...all];
  }

  get open(): number {
    return this.#all.filter(({ isOpen }) => isOpen).length;
  }

  /** The reply to a request with this body; `null` where there was none. */
  async post(path: string, body: string): Promise<Replied | null> {
    const connection = this.#idle.shift() ?? (await new Promise<Connection>((resolve) => this.#queue.push(resolve)));
    const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
    const reply = connection.isOpen ? await connection.send(head + body) : null;
    const next = this.#queue.shift();
    if (next) next(connection);
    else this.#idle.push(connection);
    return reply;
  }

  close(): void {
    for (const connection of this.#all) connection.close();
  }
}

/** Opens them, some at a time: a listening socket's backlog is short. */
export async function openConnections(port: number, count: number): Promise<Connections> {
  const all: Connection[] = [];
  while (all.length < count) {
    const some = Array.from({ length: Math.min(50, count - all.length) }, () => open(port));
    all.push(...(await Promise.all(some)));
  }
  return new Connections(all);
}

function open(port: number): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => resolve(new Connection(socket)));
    socket.once("error", reject);
  });
}
