import { codeOfOlderServer } from "./code-of-older-servers.ts";

/** An answer of the service that is no success, as far as it could be read. */
export class AnswerError extends Error {
  override readonly name = "AnswerError";
  readonly status: number;
  readonly answer: ErrorBody;
  readonly requestId: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(
    status: number,
    answer: ErrorBody,
    context: { readonly requestId?: string | undefined; readonly retryAfterMs?: number | undefined } = {},
  ) {
    super(`the service answered ${status}`);
    this.status = status;
    this.answer = answer;
    this.requestId = context.requestId;
    this.retryAfterMs = context.retryAfterMs;
  }
}

/** What the body said. Fields that were missing or of another type are undefined; `message` is cut and free of secrets. */
export interface ErrorBody {
  readonly code: string | undefined;
  readonly statusCode: string | undefined;
  readonly error: string | undefined;
  readonly message: string | undefined;
}

/** The connection failed before or while the service answered. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  readonly code: string | undefined;
  readonly stage: "connect" | "request" | "body";
  /** Whether the request could have changed anything. */
  readonly writes: boolean;

  constructor(cause: unknown, stage: "connect" | "request" | "body", writes: boolean) {
    super("the connection to the service failed", { cause });
    this.code = errorCode(cause);
    this.stage = CONNECT_CODES.has(this.code ?? "") ? "connect" : stage;
    this.writes = writes;
  }
}

const CONNECT_CODES = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

function errorCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  if ("code" in error && typeof error.code === "string") return error.code;
  // Node tries all addresses of a name and reports the failures together.
  if (error instanceof AggregateError) return errorCode(error.errors[0]);
  return undefined;
}

/** A `JSON` body, the plain text of the resumable protocol, or, of anything else (HTML, nothing), no fields at all. */
export function errorBody(text: string, contentType: string | undefined): ErrorBody {
  const json = parseRecord(text);
  if (json !== undefined) {
    const statusCode = asText(json["statusCode"]);
    const error = asText(json["error"]);
    const message = cleanMessage(asText(json["message"]) ?? asText(json["msg"]));
    const code = asText(json["code"]) ?? codeOfOlderServer({ error, statusCode, message });
    return { code, statusCode, error, message };
  }
  const plain = contentType?.startsWith("text/plain") === true || (contentType === undefined && !text.includes("<"));
  return { code: undefined, statusCode: undefined, error: undefined, message: plain ? cleanMessage(text) : undefined };
}

const LONGEST_MESSAGE = 300;

/** Tokens are cut out, since some messages quote the path they refuse. */
function cleanMessage(text: string | undefined): string | undefined {
  const clean = text
    ?.replace(/eyJ[\w-]+(?:\.[\w-]+)*/g, "…")
    .replace(/\bsb_(?:secret|publishable)_[\w-]+/g, "…")
    .replace(/\s+/g, " ")
    .trim();
  return clean === undefined || clean === "" ? undefined : clean.slice(0, LONGEST_MESSAGE);
}

function parseRecord(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** `statusCode` is a string in the errors that the storage service makes, a number in those of its framework. */
function asText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" ? String(value) : undefined;
}
