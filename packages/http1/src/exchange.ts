import type { AnswerHeaders } from "./answer-head.ts";

export type { AnswerHeaders } from "./answer-head.ts";

/** One request. */
export interface Http1Request {
  readonly method: string;
  /** Path and query, percent-encoded; sent byte for byte. */
  readonly target: string;
  /**
   * Sent as they are; `host` must be among them. Of `content-length` and `transfer-encoding` only what is missing is
   * added: bytes bring their length, and a stream without `content-length` is sent in chunks.
   */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | AsyncIterable<Uint8Array> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** How long the answer's head may take after the last byte that went out; default: the pool's. */
  readonly headersTimeoutMs?: number | undefined;
  /** Memory that the body of a 2xx answer is written into. */
  readonly into?: Uint8Array | undefined;
}

export interface Http1Answer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: AnswerBody;
}

/** The body of an answer. It is read once, in pieces or as a whole, or given up; else its connection is lost to everybody. */
export interface AnswerBody extends AsyncIterable<Uint8Array> {
  bytes(): Promise<Uint8Array>;
  /** Reads on when little is left, so that the connection can be used again, else ends it. */
  discard(): Promise<void>;
}

/** Where the bytes of a body go. Views are valid during the call only. */
export interface BodySink extends AnswerBody {
  push(view: Uint8Array): void;
  end(): void;
  fail(error: unknown): void;
}

/** Who may hold a connection back and give it up. */
export interface BodySource {
  pause(): void;
  resume(): void;
  /** Ends the connection; nothing more of the body comes. */
  abandon(): void;
}
