import type { Socket } from "node:net";
import { keepAliveMs, type AnswerHead, type Framing } from "./answer-head.ts";
import { AnswerReader } from "./answer-reader.ts";
import type { BodySink, BodySource, Http1Answer, Http1Request } from "./exchange.ts";
import { FilledMemory } from "./filled-memory.ts";
import { FlowingBody } from "./flowing-body.ts";
import { HttpError, type HttpErrorCode } from "./http-error.ts";
import { LazyDeadline } from "./lazy-deadline.ts";
import { openSocket, type Origin, type TlsSessions } from "./open-socket.ts";
import { requestHead } from "./request-head.ts";
import { bodySlices, sendBody } from "./send-body.ts";

/** A body up to this goes out with its head, in one piece of memory and one call of the system. */
const ONE_WRITE_BYTES = 64 * 1024;
/** A service's own limit counts from when it sent, ours from when we received. */
const KEEP_ALIVE_MARGIN_MS = 1_000;
/** A refusal is a short document, whatever the memory was meant for. */
const FIRST_REFUSAL_STATUS = 300;

export interface ConnectionLimits {
  readonly connectTimeoutMs: number;
  readonly headersTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly idleTimeoutMs: number;
}

/** What a connection tells the pool. */
export interface ConnectionOwner extends TlsSessions {
  /** Its answer is complete; in the next turn of the event loop it is free, or gone. */
  onRest(connection: Connection): void;
  /** It can carry another request now. */
  onFree(connection: Connection): void;
  /** It has ended; told once. */
  onGone(connection: Connection): void;
}

/** A request and who waits for its answer. Settled once. */
export interface Exchange {
  readonly request: Http1Request;
  readonly resolve: (answer: Http1Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** What may take too long, and how the error says it. */
const TOO_LATE = {
  HTTP_CONNECT_TIMEOUT: "no connection in time",
  HTTP_HEADERS_TIMEOUT: "no answer in time",
  HTTP_BODY_TIMEOUT: "the answer's body stood still for too long",
} satisfies Partial<Record<HttpErrorCode, string>>;

/**
 * One connection, one exchange at a time, no pipelining. The head of an answer is parsed where it lies in the memory that was read
 * into, and only what belongs to somebody is copied out of it: that, and that there is no stream object for each answer,
 * makes a small request cost a third of what it costs through a general client.
 */
export class Connection implements BodySource {
  readonly #socket: Socket;
  readonly #limits: ConnectionLimits;
  readonly #owner: ConnectionOwner;
  readonly #reader = new AnswerReader({
    onHead: (head, framing) => this.#answer(head, framing),
    onData: (view) => this.#body?.push(view),
    onEnd: () => this.#complete(),
  });
  readonly #deadline = new LazyDeadline<keyof typeof TOO_LATE | "idle">((what) => this.#tooLate(what));
  #phase: "connecting" | "idle" | "busy" | "gone" = "connecting";
  #exchange: Exchange | undefined;
  #body: BodySink | undefined;
  #isSending = false;
  #keepsAlive = true;
  #isPaused = false;
  #idleMs: number;

  constructor(origin: Origin, limits: ConnectionLimits, owner: ConnectionOwner) {
    this.#limits = limits;
    this.#owner = owner;
    this.#idleMs = limits.idleTimeoutMs;
    this.#socket = openSocket(origin, owner, {
      onOpen: () => this.#onOpen(),
      onBytes: (bytes) => this.#onBytes(bytes),
      onEnd: () => this.#onEnd(),
      onGone: (error) => this.#end(error ?? new HttpError("HTTP_CUT", "the connection was closed")),
    });
    this.#deadline.set(limits.connectTimeoutMs, "HTTP_CONNECT_TIMEOUT");
  }

  /** Sends a request. Only while the connection is free, or not yet connected. */
  run(exchange: Exchange): void {
    this.#exchange = exchange;
    exchange.request.signal?.addEventListener("abort", this.#onAbort);
    if (this.#phase === "connecting") return;
    this.#socket.ref();
    this.#begin(exchange.request);
  }

  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#deadline.set(this.#limits.bodyTimeoutMs, "HTTP_BODY_TIMEOUT");
    this.#socket.resume();
  }

  abandon(): void {
    this.#end(new DOMException("The body was given up.", "AbortError"));
  }

  /** Ends the connection, and with it what is under way. */
  destroy(): void {
    this.#end(new HttpError("HTTP_CLOSED", "the connection was closed"));
  }

  #onOpen(): void {
    if (this.#phase !== "connecting") return;
    this.#phase = "idle";
    if (this.#exchange !== undefined) this.#begin(this.#exchange.request);
  }

  #begin(request: Http1Request): void {
    this.#phase = "busy";
    this.#reader.expect(request.method);
    this.#expectHead(request);
    try {
      this.#sendRequest(request);
    } catch (error) {
      // Nothing was sent, so the connection is as good as before.
      this.#settle().reject(error);
      this.#rest();
    }
  }

  #sendRequest(request: Http1Request): void {
    const { method, target, headers, body } = request;
    if (body === undefined) {
      this.#socket.write(requestHead(method, target, headers), "latin1");
    } else if (body instanceof Uint8Array) {
      const head = requestHead(method, target, { ...headers, "content-length": String(body.byteLength) });
      if (body.byteLength <= ONE_WRITE_BYTES) this.#socket.write(joined(head, body));
      else void this.#send(head, bodySlices(body), body.byteLength);
    } else {
      const length = headers["content-length"];
      const framed = length === undefined ? { ...headers, "transfer-encoding": "chunked" } : headers;
      void this.#send(requestHead(method, target, framed), body, length === undefined ? undefined : Number(length));
    }
  }

  async #send(
    head: string,
    body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    length: number | undefined,
  ): Promise<void> {
    const exchange = this.#exchange;
    this.#isSending = true;
    try {
      const isWhole = await sendBody(this.#socket, head, body, length, () => {
        // The answer has begun, or nobody waits for it any more: the service reads no further.
        if (exchange === undefined || this.#exchange !== exchange || this.#body !== undefined) return false;
        // Progress counts as life: a large body on a slow line may take longer than an answer.
        this.#expectHead(exchange.request);
        return true;
      });
      this.#isSending = !isWhole;
      // Nothing can follow on a connection where half a body went.
      if (!isWhole) this.#keepsAlive = false;
    } catch (error) {
      // The service waits for bytes that do not come.
      if (this.#exchange === exchange) this.#end(error);
    }
  }

  #expectHead({ headersTimeoutMs = this.#limits.headersTimeoutMs }: Http1Request): void {
    this.#deadline.set(headersTimeoutMs, "HTTP_HEADERS_TIMEOUT");
  }

  #onBytes(bytes: Uint8Array): void {
    if (this.#phase === "gone") return;
    if (this.#body !== undefined) this.#deadline.set(this.#limits.bodyTimeoutMs, "HTTP_BODY_TIMEOUT");
    try {
      // Looked at before the next request is sent, or it would be taken for its answer.
      if (this.#reader.take(bytes) < bytes.byteLength) {
        throw new HttpError("HTTP_BAD_ANSWER", "the service sent something that nobody asked for");
      }
      if (this.#phase === "busy" && this.#exchange === undefined) this.#rest();
    } catch (error) {
      this.#end(error);
    }
  }

  #answer(head: AnswerHead, framing: Framing): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    const { into } = exchange.request;
    const serviceMs = keepAliveMs(head.headers);
    const keptMs = serviceMs === undefined ? Infinity : serviceMs - KEEP_ALIVE_MARGIN_MS;
    this.#idleMs = Math.min(this.#limits.idleTimeoutMs, keptMs);
    this.#keepsAlive &&= head.keepsAlive && framing.kind !== "until-close" && this.#idleMs > 0;
    this.#body =
      into !== undefined && head.status < FIRST_REFUSAL_STATUS
        ? new FilledMemory(this, into)
        : new FlowingBody(this, framing.kind === "length" ? framing.bytes : undefined);
    this.#deadline.set(this.#limits.bodyTimeoutMs, "HTTP_BODY_TIMEOUT");
    exchange.resolve({ status: head.status, headers: head.headers, body: this.#body });
  }

  /** The answer is complete. What arrived with its end is looked at before the connection rests. */
  #complete(): void {
    const body = this.#body;
    // Given up with its last bytes.
    if (body === undefined) return;
    this.#body = undefined;
    this.#settle();
    body.end();
    if (!this.#keepsAlive || this.#isSending) this.#end(undefined);
  }

  /** Some services close a connection right after an answer, without having said so: that is seen before it is free. */
  #rest(): void {
    this.#phase = "idle";
    this.#owner.onRest(this);
    setImmediate(this.#free);
  }

  readonly #free = (): void => {
    if (this.#phase !== "idle") return;
    this.#owner.onFree(this);
    if (this.#exchange !== undefined) return;
    // Nobody waited: it is kept for a while, and is no reason for the process to stay.
    this.#socket.unref();
    this.#deadline.set(this.#idleMs, "idle");
  };

  #onEnd(): void {
    if (this.#reader.endOfInput()) return;
    this.#end(new HttpError("HTTP_CUT", "the service closed the connection before the answer was complete"));
  }

  readonly #onAbort = (): void => {
    this.#end(this.#exchange?.request.signal?.reason);
  };

  #tooLate(what: keyof typeof TOO_LATE | "idle"): void {
    // A body that its reader holds back does not stand still by itself; the time begins anew when it is read on.
    if (what === "HTTP_BODY_TIMEOUT" && this.#isPaused) return;
    this.#end(what === "idle" ? undefined : new HttpError(what, TOO_LATE[what]));
  }

  /** Nobody waits for this exchange any more, or is told by whoever calls this. */
  #settle(): Pick<Exchange, "reject"> {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.request.signal?.removeEventListener("abort", this.#onAbort);
    return exchange ?? { reject: () => undefined };
  }

  #end(error: unknown): void {
    if (this.#phase === "gone") return;
    this.#phase = "gone";
    this.#deadline.clear();
    const body = this.#body;
    this.#body = undefined;
    const { reject } = this.#settle();
    body?.fail(error);
    // Without effect where the answer's head was given out already.
    reject(error);
    this.#socket.destroy();
    this.#owner.onGone(this);
  }
}

/** A head has one byte a character. */
function joined(head: string, body: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(head.length + body.byteLength);
  bytes.write(head, "latin1");
  bytes.set(body, head.length);
  return bytes;
}
