/** A proxy before a room server that tampers with signalling, participant by participant; media goes past it. */
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";

/** A signalling message, as far as tests tamper with it. */
export type Message = {
  request?: string;
  event?: string;
  body?: Record<string, unknown>;
  [key: string]: unknown;
};

/** What becomes of a message: itself, another, or nothing. `to` sends to another participant. */
export type Meddling = {
  /** From the server to an account such as `listener-3`. */
  down?(
    account: string,
    message: Message,
    to: (account: string, message: Message) => void,
  ): Message | undefined;
  /** From an account to the server. */
  up?(account: string, message: Message): Message | undefined;
};

export class Meddler implements AsyncDisposable {
  readonly url: string;
  readonly #server: WebSocketServer;

  private constructor(server: WebSocketServer) {
    this.#server = server;
    this.url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/room`;
  }

  static async create(target: string, { up, down }: Meddling): Promise<Meddler> {
    const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    const byAccount = new Map<string, WebSocket>();
    server.on("connection", (near) => {
      const far = new WebSocket(target);
      const waiting: string[] = [];
      let account = "";
      const to = (whom: string, message: Message): void => byAccount.get(whom)?.send(JSON.stringify(message));
      near.on("message", (data: Buffer) => {
        const message = JSON.parse(data.toString()) as Message;
        if (message.request === "join") {
          account = accountOf(String(message.body?.["token"]));
          byAccount.set(account, near);
        }
        const passed = up === undefined ? message : up(account, message);
        if (passed === undefined) return;
        if (far.readyState === WebSocket.OPEN) far.send(JSON.stringify(passed));
        else waiting.push(JSON.stringify(passed));
      });
      far.on("open", () => {
        for (const text of waiting) far.send(text);
      });
      far.on("message", (data: Buffer) => {
        const message = JSON.parse(data.toString()) as Message;
        const passed = down === undefined ? message : down(account, message, to);
        if (passed !== undefined) near.send(JSON.stringify(passed));
      });
      near.on("close", () => {
        far.close();
      });
      far.on("close", () => {
        near.close();
      });
      far.on("error", () => undefined);
    });
    await new Promise((resolve) => {
      server.once("listening", resolve);
    });
    return new Meddler(server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#server.clients) socket.terminate();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }
}

/** The subject of a JSON Web Token. */
function accountOf(token: string): string {
  const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as {
    sub: string;
  };
  return claims.sub;
}
