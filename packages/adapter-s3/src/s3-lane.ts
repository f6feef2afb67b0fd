import type { AnswerBody, Http1Answer } from "@bucketferry/http1";
import type { SigningCredentials } from "./sigv4.ts";

export type { AnswerHeaders } from "@bucketferry/http1";

/** A request on its way to the service, all but signed. */
export interface LaneRequest {
  readonly method: string;
  /** Percent-encoded, sent and signed exactly so. */
  readonly path: string;
  /** In canonical form, without the `?`. */
  readonly query: string;
  /** Lower-case names; `host` is among them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | AsyncIterable<Uint8Array> | undefined;
  /** Hex, or `UNSIGNED-PAYLOAD`. */
  readonly payloadSha256: string;
  readonly signal: AbortSignal | undefined;
  /** Memory that the body of the answer may be written into. */
  readonly into?: Uint8Array | undefined;
  /** How long to wait for the answer's head. */
  readonly headersTimeoutMs: number;
}

export type LaneAnswer = Http1Answer;

/** The body of an answer. It is read once, or given up; else its connection is lost to everybody. */
export type LaneBody = AnswerBody;

/**
 * Who signs a request and sends it. It follows no redirect, repeats nothing, and answers with whatever status came.
 * Rejects with what the transport threw.
 */
export interface Lane {
  send(request: LaneRequest, credentials: SigningCredentials, timeMs: number): Promise<LaneAnswer>;
  close(): Promise<void>;
}
