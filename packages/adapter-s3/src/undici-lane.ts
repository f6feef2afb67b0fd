import type { Readable } from "node:stream";
import { Pool, type Dispatcher } from "undici";
import { AnswerBody } from "./answer-body.ts";
import type { S3Config } from "./s3-config.ts";
import type { Lane, LaneAnswer } from "./s3-lane.ts";
import { oneValueEach } from "./one-value-each.ts";
import { sendInto } from "./send-into.ts";
import { sigV4 } from "./sigv4.ts";

/** Shorter than services keep an idle connection, so that no request meets one that is just being closed. */
const IDLE_MS = 10_000;

/** The lean lane: our own signer and one pool of kept-alive connections. It costs an eighth of the SDK's CPU per request. */
export function undiciLane(config: S3Config): Lane {
  const signer = sigV4(config.region);
  const pool = new Pool(config.address.origin, {
    connections: config.connections,
    pipelining: 1,
    connect: { timeout: config.connectTimeoutMs },
    headersTimeout: config.headersTimeoutMs,
    bodyTimeout: config.bodyTimeoutMs,
    keepAliveTimeout: IDLE_MS,
  });

  return {
    send(request, credentials, timeMs) {
      const { method, path, query, body, signal, headersTimeoutMs, into } = request;
      return new Promise((resolve, reject) => {
        if (signal?.aborted === true) {
          reject(signal.reason as Error);
          return;
        }
        const signed = {
          method: method as Dispatcher.HttpMethod,
          path: query === "" ? path : `${path}?${query}`,
          headers: signer.sign(request, request.payloadSha256, credentials, timeMs),
          // It takes any async iterable, though its types name only one kind of them.
          body: (body ?? null) as Readable | Uint8Array | null,
          headersTimeout: headersTimeoutMs,
          // Else it would close the connection after every HEAD.
          reset: false,
        };
        if (into !== undefined) resolve(sendInto(pool, signed, into, signal));
        else pool.dispatch(signed, new Exchange(method, signal, resolve, reject));
      });
    },
    async close() {
      // Ends what is still under way, also a body that nobody reads.
      await pool.destroy();
    },
  };
}

/** One request, from the queue of the pool to the last byte of its answer. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #method: string;
  readonly #signal: AbortSignal | undefined;
  readonly #resolve: (answer: LaneAnswer) => void;
  readonly #reject: (error: unknown) => void;
  readonly #onAbort = (): void => this.#abort();
  #controller: Dispatcher.DispatchController | undefined;
  #body: AnswerBody | undefined;

  constructor(
    method: string,
    signal: AbortSignal | undefined,
    resolve: (answer: LaneAnswer) => void,
    reject: (error: unknown) => void,
  ) {
    this.#method = method;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    signal?.addEventListener("abort", this.#onAbort);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // Given up while it was still in the queue.
    if (this.#signal?.aborted === true) controller.abort(reasonOf(this.#signal));
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    received: Dispatcher.ResponseData["headers"],
  ): void {
    // Interim answers, such as 100 and 103.
    if (status < 200) return;
    const headers = oneValueEach(received);
    // The length in the answer to a HEAD is that of a body which does not come.
    const length = this.#method === "HEAD" ? "0" : headers["content-length"];
    this.#body = new AnswerBody(controller, length === undefined ? undefined : Number(length));
    this.#resolve({ status, headers, body: this.#body });
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Uint8Array): void {
    this.#body?.push(chunk);
  }

  onResponseEnd(): void {
    this.#forget();
    this.#body?.end();
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#forget();
    this.#body?.fail(error);
    this.#reject(error);
  }

  #abort(): void {
    this.#forget();
    if (this.#signal === undefined) return;
    const reason = reasonOf(this.#signal);
    this.#body?.fail(reason);
    this.#controller?.abort(reason);
    this.#reject(reason);
  }

  #forget(): void {
    this.#signal?.removeEventListener("abort", this.#onAbort);
  }
}

/** Whoever aborts may say why with anything; a connection wants an error. */
function reasonOf({ reason }: AbortSignal): Error {
  return reason instanceof Error ? reason : new DOMException("The request was aborted.", "AbortError");
}
