/** What happens to a request that a rule of the fault proxy matches. */
export type Fault =
  /** Answers by itself; the service never sees the request. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** Waits before passing the request on. */
  | { readonly kind: "delay"; readonly ms: number }
  /** Holds the request back until something has happened, and then passes it on. */
  | { readonly kind: "hold"; readonly until: Promise<unknown> }
  /** Cuts the connection: before the service sees anything, before or after its answer's headers, or once it has done the work. */
  | { readonly kind: "reset"; readonly when: "beforeRequest" | "duringRequest" | "afterRequest" | "afterHeaders" }
  /** Ends the answer's body after so many bytes: by closing (`cut`), or with a Content-Length that was made to fit (`clean`). */
  | { readonly kind: "truncate"; readonly afterBytes: number; readonly end: "cut" | "clean" }
  /** Sends so many bytes more than the service did, Content-Length made to fit. */
  | { readonly kind: "extraBytes"; readonly count: number }
  /** Flips one bit of the answer's body. */
  | { readonly kind: "flipBit"; readonly atByte: number }
  /** Flips one bit of the request's body. */
  | { readonly kind: "flipRequestBit"; readonly atByte: number }
  /** Sends so many bytes of the answer's body and then nothing more, connection open. */
  | { readonly kind: "stall"; readonly afterBytes: number }
  /** Never answers. */
  | { readonly kind: "silence" }
  /** Lets the service work, then replaces status, headers or body of its answer. */
  | {
      readonly kind: "rewrite";
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string | null>>;
      readonly body?: string;
    }
  /** Compresses the answer's body and says so. */
  | { readonly kind: "encode"; readonly encoding: "gzip" | "br" };

export interface FaultRule {
  /** All that are given must match. `path` and `query` are substrings of the raw, still encoded, request target. */
  readonly match: { readonly method?: string; readonly path?: string; readonly query?: string };
  /** How many matching requests suffer; Infinity: all. */
  readonly times: number;
  /** How many matching requests pass unharmed first. */
  readonly after?: number;
  readonly fault: Fault;
}

export interface SeenRequest {
  readonly method: string;
  /** Raw path, still encoded. */
  readonly path: string;
  /** Raw query without its `?`. */
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The hand on the fault proxy. */
export interface FaultControl {
  inject(rule: FaultRule): void;
  clear(): void;
  /** Everything seen since the last `clear`, oldest first. */
  seen(): readonly SeenRequest[];
}
