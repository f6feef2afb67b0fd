import { isIP, connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { framingOf, keepAliveMs, parseAnswerHead } from "./answer-head.ts";
import { ChunkedDecoder } from "./chunked-decoder.ts";
import type { BodySink, BodySource, Http1Answer, Http1Request } from "./exchange.ts";
import { FilledMemory } from "./filled-memory.ts";
import { FlowingBody } from "./flowing-body.ts";
import { HttpError, type HttpErrorCode } from "./http-error.ts";
import { requestHead } from "./request-head.ts";
import { bodySlices, sendBody } from "./send-body.ts";

/** Memory of one connection that what arrives is read into, again and again. */
const READ_BYTES = 64 * 1024;
/** Longest head of an answer; Node's own limit is a quarter of it. */
const LONGEST_HEAD = 64 * 1024;
/** A body up to this goes out with its head, in one piece of memory and one call of the system. */
const ONE_WRITE_BYTES = 64 * 1024;
/** A service's own limit counts from when it sent, ours from when we received. */
const KEEP_ALIVE_MARGIN_MS = 1_000;
const HEAD_END = Buffer.from("\r\n\r\n", "latin1");
/** A refusal is a short document, whatever the memory was meant for. */
const FIRST_REFUSAL_STATUS = 300;

export interface Origin {
  readonly protocol: "http:" | "https:";
  /** Without brackets. */
  readonly hostname: string;
  readonly port: number;
}

export interface ConnectionLimits {
  readonly connectTimeoutMs: number;
  readonly headersTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly idleTimeoutMs: number;
}

/** What a connection tells the pool. */
export interface ConnectionOwner {
  /** Its answer is complete; in the next turn of the event loop it is free, or gone. */
  onRest(connection: Connection): void;
  /** It can carry another request now. */
  onFree(connection: Connection): void;
  /** It has ended; told once. */
  onGone(connection: Connection): void;
  /** What lets the next connection begin with less (RFC 8446 §2.2). */
  tlsSession: Buffer | undefined;
}

/** A request and who waits for its answer. Settled once. */
export interface Exchange {
  readonly request: Http1Request;
  readonly resolve: (answer: Http1Answer) => void;
  readonly reject: (error: unknown) => void;
}

type Phase = "connecting" | "idle" | "head" | "body" | "gone";

/**
 * One connection, one exchange at a time, no pipelining. The head of an answer is parsed where it lies in the memory that was read
 * into, and only what belongs to somebody is copied out of it: that, and that there is no stream object for each answer,
 * makes a small request cost a third of what it costs through a general client.
 */
export class Connection implements BodySource {
  readonly #socket: Socket;
  readonly #limits: ConnectionLimits;
  readonly #owner: ConnectionOwner;
  #phase: Phase = "connecting";
  #exchange: Exchange | undefined;
  /** The beginning of a head whose end has not come yet. */
  #partialHead: Buffer | undefined;
  #body: BodySink | undefined;
  #framing: { kind: "length"; left: number } | { kind: "chunked"; decoder: ChunkedDecoder } | { kind: "until-close" } =
    {
      kind: "until-close",
    };
  #isSending = false;
  #keepsAlive = true;
  #isPaused = false;
  #idleMs: number;
  /** One timer that looks at the deadline when it fires: most deadlines pass unneeded, and setting a number costs nothing. */
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Infinity;
  #deadlineMs = Infinity;
  #deadlineCode: HttpErrorCode | "idle" = "HTTP_CONNECT_TIMEOUT";

  constructor(origin: Origin, limits: ConnectionLimits, owner: ConnectionOwner) {
    this.#limits = limits;
    this.#owner = owner;
    this.#idleMs = limits.idleTimeoutMs;
    this.#socket = this.#connect(origin);
    this.#setDeadline(limits.connectTimeoutMs, "HTTP_CONNECT_TIMEOUT");
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
    this.#setDeadline(this.#limits.bodyTimeoutMs, "HTTP_BODY_TIMEOUT");
    this.#socket.resume();
  }

  abandon(): void {
    this.#end(new DOMException("The body was given up.", "AbortError"));
  }

  /** Ends the connection, and with it what is under way. */
  destroy(): void {
    this.#end(new HttpError("HTTP_CLOSED", "the connection was closed"));
  }

  #connect({ protocol, hostname, port }: Origin): Socket {
    const onread = {
      buffer: new Uint8Array(READ_BYTES),
      callback: (count: number, buffer: Uint8Array): boolean => {
        this.#onBytes(buffer.subarray(0, count));
        return true;
      },
    };
    const common = { host: hostname, port, noDelay: true, keepAlive: true, onread };
    const session = this.#owner.tlsSession;
    const socket =
      protocol === "http:"
        ? connectTcp(common)
        : connectTls({
            ...common,
            ALPNProtocols: ["http/1.1"],
            // An address is no name that could be asked for (RFC 6066 §3).
            ...(isIP(hostname) === 0 && { servername: hostname }),
            ...(session !== undefined && { session }),
          });
    socket.on(protocol === "http:" ? "connect" : "secureConnect", () => this.#onConnected());
    socket.on("session", (next: Buffer) => {
      this.#owner.tlsSession = next;
    });
    socket.on("end", () => this.#onEnd());
    socket.on("error", (error) => this.#end(error));
    socket.on("close", () => this.#end(new HttpError("HTTP_CUT", "the connection was closed")));
    return socket;
  }

  #onConnected(): void {
    if (this.#phase !== "connecting") return;
    this.#phase = "idle";
    if (this.#exchange === undefined) this.#free();
    else this.#begin(this.#exchange.request);
  }

  #begin(request: Http1Request): void {
    const { body, headers } = request;
    this.#phase = "head";
    this.#setDeadline(request.headersTimeoutMs ?? this.#limits.headersTimeoutMs, "HTTP_HEADERS_TIMEOUT");
    try {
      if (body === undefined) {
        this.#socket.write(requestHead(request.method, request.target, headers), "latin1");
      } else if (body instanceof Uint8Array) this.#sendBytes(request, body);
      else this.#sendStream(request, body);
    } catch (error) {
      // Nothing was sent, so the connection is as good as before.
      this.#phase = "idle";
      this.#settle().reject(error);
      this.#free();
    }
  }

  #sendBytes(request: Http1Request, body: Uint8Array): void {
    const length = String(body.byteLength);
    const head = requestHead(request.method, request.target, { ...request.headers, "content-length": length });
    if (body.byteLength > ONE_WRITE_BYTES) {
      void this.#send(head, bodySlices(body), body.byteLength);
      return;
    }
    const whole = Buffer.allocUnsafe(head.length + body.byteLength);
    whole.write(head, "latin1");
    whole.set(body, head.length);
    this.#socket.write(whole);
  }

  #sendStream(request: Http1Request, body: AsyncIterable<Uint8Array>): void {
    const announced = request.headers["content-length"];
    const framing = announced === undefined ? { "transfer-encoding": "chunked" } : undefined;
    const head = requestHead(request.method, request.target, { ...request.headers, ...framing });
    void this.#send(head, body, announced === undefined ? undefined : Number(announced));
  }

  /** Progress counts as life: a large body on a slow line may take longer than an answer. */
  async #send(
    head: string,
    body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    length: number | undefined,
  ): Promise<void> {
    const exchange = this.#exchange;
    const isWanted = (): boolean => this.#exchange === exchange && this.#phase === "head";
    this.#isSending = true;
    try {
      const isWhole = await sendBody(this.#socket, head, body, length, () => {
        if (!isWanted()) return false;
        this.#setDeadline(exchange?.request.headersTimeoutMs ?? this.#limits.headersTimeoutMs, "HTTP_HEADERS_TIMEOUT");
        return true;
      });
      this.#isSending = !isWhole;
      // Answered before all was sent: the service reads no further, so nothing can follow on this connection.
      if (!isWhole) this.#keepsAlive = false;
    } catch (error) {
      // The service waits for bytes that do not come.
      if (this.#exchange === exchange) this.#end(error);
    }
  }

  #onBytes(bytes: Uint8Array): void {
    let rest = bytes;
    try {
      while (rest.byteLength > 0) {
        if (this.#phase === "head") rest = this.#takeHead(rest);
        else if (this.#phase === "body") rest = this.#takeBody(rest);
        else if (this.#phase === "gone") return;
        // Before the next request is sent, or it would be taken for its answer.
        else throw new HttpError("HTTP_BAD_ANSWER", "the service sent something that nobody asked for");
      }
      // Some services close a connection right after an answer, without having said so: that is seen first.
      if (this.#phase === "idle") {
        this.#owner.onRest(this);
        setImmediate(this.#free);
      }
    } catch (error) {
      this.#end(error);
    }
  }

  #takeHead(bytes: Uint8Array): Uint8Array {
    const before = this.#partialHead;
    const all =
      before === undefined
        ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
        : Buffer.concat([before, bytes]);
    const end = all.indexOf(HEAD_END);
    if (end === -1) {
      if (all.byteLength > LONGEST_HEAD) throw new HttpError("HTTP_BAD_ANSWER", "the head of the answer does not end");
      this.#partialHead = before === undefined ? Buffer.from(all) : all;
      return bytes.subarray(bytes.byteLength);
    }
    this.#partialHead = undefined;
    const head = parseAnswerHead(textOf(all, end));
    const rest = bytes.subarray(end + HEAD_END.length - (before?.byteLength ?? 0));
    // Interim answers, such as 100 and 103, say nothing yet; 101 was not asked for.
    if (head.status < 200) return rest;
    this.#answer(head);
    return rest;
  }

  #answer(head: ReturnType<typeof parseAnswerHead>): void {
    const exchange = this.#exchange;
    if (exchange === undefined) throw new HttpError("HTTP_BAD_ANSWER", "an answer came that nobody waits for");
    const { request } = exchange;
    const framing = framingOf(request.method, head);
    const idleMs = keepAliveMs(head.headers);
    this.#idleMs = Math.min(
      this.#limits.idleTimeoutMs,
      idleMs === undefined ? Infinity : idleMs - KEEP_ALIVE_MARGIN_MS,
    );
    this.#keepsAlive &&= head.keepsAlive && framing.kind !== "until-close" && this.#idleMs > 0;
    if (framing.kind === "length") this.#framing = { kind: "length", left: framing.bytes };
    else if (framing.kind === "chunked") this.#framing = { kind: "chunked", decoder: new ChunkedDecoder() };
    else this.#framing = framing;
    const isInto = request.into !== undefined && head.status < FIRST_REFUSAL_STATUS;
    this.#body =
      isInto && request.into !== undefined
        ? new FilledMemory(this, request.into)
        : new FlowingBody(this, framing.kind === "length" ? framing.bytes : undefined);
    this.#phase = "body";
    this.#setDeadline(this.#limits.bodyTimeoutMs, "HTTP_BODY_TIMEOUT");
    exchange.resolve({ status: head.status, headers: head.headers, body: this.#body });
    if (framing.kind === "length" && framing.bytes === 0) this.#complete();
  }

  #takeBody(bytes: Uint8Array): Uint8Array {
    const framing = this.#framing;
    this.#setDeadline(this.#limits.bodyTimeoutMs, "HTTP_BODY_TIMEOUT");
    switch (framing.kind) {
      case "length": {
        const taken = Math.min(framing.left, bytes.byteLength);
        framing.left -= taken;
        this.#body?.push(taken === bytes.byteLength ? bytes : bytes.subarray(0, taken));
        if (framing.left === 0) this.#complete();
        return bytes.subarray(taken);
      }
      case "chunked": {
        const taken = framing.decoder.take(bytes, (data) => this.#body?.push(data));
        if (framing.decoder.isOver) this.#complete();
        return bytes.subarray(taken);
      }
      case "until-close":
        this.#body?.push(bytes);
        return bytes.subarray(bytes.byteLength);
    }
  }

  /** The answer is complete. Whoever calls this frees the connection when all that arrived was looked at. */
  #complete(): void {
    // Its body was given up with its last bytes.
    if (this.#phase !== "body") return;
    const body = this.#body;
    this.#body = undefined;
    this.#settle();
    body?.end();
    if (this.#keepsAlive && !this.#isSending) this.#phase = "idle";
    else this.#end(undefined);
  }

  readonly #free = (): void => {
    if (this.#phase !== "idle") return;
    this.#owner.onFree(this);
    if (this.#exchange !== undefined) return;
    // Nobody waited: it may rest, and is no reason for the process to stay.
    this.#socket.unref();
    this.#setDeadline(this.#idleMs, "idle");
  };

  #onEnd(): void {
    if (this.#phase === "body" && this.#framing.kind === "until-close") {
      this.#keepsAlive = false;
      this.#complete();
    } else this.#end(new HttpError("HTTP_CUT", "the service closed the connection before the answer was complete"));
  }

  readonly #onAbort = (): void => {
    this.#end(this.#exchange?.request.signal?.reason);
  };

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
    clearTimeout(this.#timer);
    const body = this.#body;
    this.#body = undefined;
    const { reject } = this.#settle();
    body?.fail(error);
    // Without effect where the answer's head was given out already.
    reject(error);
    this.#socket.destroy();
    this.#owner.onGone(this);
  }

  #setDeadline(ms: number, code: HttpErrorCode | "idle"): void {
    const now = performance.now();
    this.#deadlineMs = now + ms;
    this.#deadlineCode = code;
    if (this.#timerAtMs <= this.#deadlineMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = this.#deadlineMs;
    this.#timer = setTimeout(this.#onTimer, ms);
    this.#timer.unref();
  }

  readonly #onTimer = (): void => {
    this.#timerAtMs = Infinity;
    const leftMs = this.#deadlineMs - performance.now();
    const code = this.#deadlineCode;
    // A body that its reader holds back does not stand still by itself.
    if (code === "HTTP_BODY_TIMEOUT" && this.#isPaused) return;
    // Timers may fire a millisecond early.
    if (leftMs > 1) this.#setDeadline(leftMs, code);
    else this.#end(code === "idle" ? undefined : new HttpError(code, TOO_LATE[code] ?? "it took too long"));
  };
}

const TOO_LATE: Partial<Record<HttpErrorCode, string>> = {
  HTTP_CONNECT_TIMEOUT: "no connection in time",
  HTTP_HEADERS_TIMEOUT: "no answer in time",
  HTTP_BODY_TIMEOUT: "the answer's body stood still for too long",
};

/** Values are UTF-8 where they can be, as services send metadata; what is not was written in Latin-1, as old ones do. */
function textOf(bytes: Buffer, end: number): string {
  const text = bytes.toString("utf8", 0, end);
  return text.includes("\ufffd") ? bytes.toString("latin1", 0, end) : text;
}
