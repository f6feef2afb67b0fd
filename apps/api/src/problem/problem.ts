import { isStorageError } from "@bucketferry/storage-core";
import { HTTPException } from "hono/http-exception";
import { isDatabaseUnavailable } from "../database/database-unavailable.ts";
import { PROBLEM_OF_STORAGE_ERROR, PROBLEMS, type ProblemCode } from "./problem-codes.ts";

/** The body of an `application/problem+json` answer: RFC 9457, with the code as an extension member. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ProblemCode;
  readonly detail?: string;
  /** The request's id, so that a user's report finds its log lines. */
  readonly instance?: string;
  /** Fields of the request that are wrong. */
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
}

export interface ProblemOptions {
  readonly errors?: ProblemDocument["errors"];
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** Thrown anywhere in a handler, it becomes the answer. `detail` is shown to the client: what was wrong and the fix. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly code: ProblemCode;
  readonly detail: string | undefined;
  readonly errors: ProblemDocument["errors"];
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ProblemCode, detail?: string, { errors, headers = {}, cause }: ProblemOptions = {}) {
    super(detail ?? PROBLEMS[code].title, cause === undefined ? undefined : { cause });
    this.code = code;
    this.detail = detail;
    this.errors = errors;
    this.headers = headers;
  }
}

/**
 * Any error as a problem. What storage says is passed on only where it is about the client's own request: the rest names
 * buckets, endpoints and permissions, and belongs into the log.
 */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const inner = problemWithin(error);
  if (inner !== undefined) return inner;
  if (isStorageError(error)) {
    const code = PROBLEM_OF_STORAGE_ERROR[error.code];
    const detail = PROBLEMS[code].status < 500 ? error.message : undefined;
    const headers: Record<string, string> =
      error.retryAfterMs === undefined ? {} : { "retry-after": String(Math.ceil(error.retryAfterMs / 1000)) };
    return new Problem(code, detail, { cause: error, headers });
  }
  if (error instanceof HTTPException && error.status < 500) {
    return new Problem("InvalidRequest", error.message, { cause: error });
  }
  return new Problem(isDatabaseUnavailable(error) ? "DatabaseUnavailable" : "Internal", undefined, { cause: error });
}

/** A body that is refused while storage reads it comes back as the cause of storage's own error. */
function problemWithin(error: unknown): Problem | undefined {
  for (let current = error, depth = 0; current instanceof Error && depth < 8; current = current.cause, depth++) {
    if (current instanceof Problem) return current;
  }
  return undefined;
}

export function problemResponse(problem: Problem, requestId: string | undefined): Response {
  const { status, title } = PROBLEMS[problem.code];
  const document: ProblemDocument = {
    type: "about:blank",
    title,
    status,
    code: problem.code,
    ...(problem.detail === undefined ? {} : { detail: problem.detail }),
    ...(requestId === undefined ? {} : { instance: `urn:uuid:${requestId}` }),
    ...(problem.errors === undefined ? {} : { errors: problem.errors }),
  };
  return new Response(JSON.stringify(document), {
    status,
    headers: { ...problem.headers, "content-type": "application/problem+json", "cache-control": "no-store" },
  });
}
