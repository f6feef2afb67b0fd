import { isStorageError } from "@bucketferry/storage-core";
import { HTTPException } from "hono/http-exception";
import { isDatabaseUnavailable, isUnstorableText } from "../database/database-unavailable.ts";
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
    return error.status === 415
      ? new Problem("UnsupportedMediaType", "Send the body as a type that the documents name.", { cause: error })
      : new Problem("InvalidRequest", error.message, { cause: error });
  }
  if (isUnstorableText(error)) {
    return new Problem("InvalidRequest", "It holds the character U+0000, which no text here may have.", {
      cause: error,
    });
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

/** A client may have chosen the request's id; one that is no UUID is in the header `x-request-id` alone. */
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** An answer 401 has to say how to do better: RFC 9110 §15.5.2. */
const CHALLENGE: Partial<Record<ProblemCode, Readonly<Record<string, string>>>> = {
  Unauthorized: { "www-authenticate": "Bearer" },
};

export function problemResponse(problem: Problem, requestId: string | undefined): Response {
  const { status, title } = PROBLEMS[problem.code];
  const document: ProblemDocument = {
    type: "about:blank",
    title,
    status,
    code: problem.code,
    ...(problem.detail === undefined ? {} : { detail: problem.detail }),
    ...(requestId !== undefined && UUID.test(requestId) ? { instance: `urn:uuid:${requestId}` } : {}),
    ...(problem.errors === undefined ? {} : { errors: problem.errors }),
  };
  return new Response(JSON.stringify(document), {
    status,
    headers: {
      ...CHALLENGE[problem.code],
      ...problem.headers,
      "content-type": "application/problem+json",
      "cache-control": "no-store",
    },
  });
}
