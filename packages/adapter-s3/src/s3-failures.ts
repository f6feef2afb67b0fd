import type { AnswerHeaders } from "./s3-lane.ts";
import { parseXml, type XmlElement } from "./s3-xml.ts";

/** The service answered, and not with what was asked for. */
export class S3AnswerError extends Error {
  override readonly name = "S3AnswerError";
  readonly status: number;
  /** The service's own name of the error; empty where its answer has none, as every answer to a HEAD. */
  readonly code: string;
  /** The service's own words. */
  readonly detail: string;
  readonly headers: AnswerHeaders;
  /** The region that the service names, when ours is another. */
  readonly region: string | undefined;
  /** Something else than the service spoke: a gateway's page. */
  readonly foreign: boolean;
  readonly request: RefusedRequest;

  constructor(status: number, headers: AnswerHeaders, body: string, request: RefusedRequest = {}) {
    const document = errorDocument(body);
    const code = document?.textOf("Code")?.trim() ?? "";
    super(`${status}${code === "" ? "" : ` ${code}`}`);
    this.status = status;
    this.code = code;
    this.detail = document?.textOf("Message")?.trim() ?? "";
    this.headers = headers;
    this.region = headers["x-amz-bucket-region"] ?? document?.textOf("Region");
    this.foreign = document === undefined && body.trim() !== "";
    this.request = request;
  }
}

/** What one has to know of a request to understand its refusal. */
export interface RefusedRequest {
  /** What it demanded of the object that it would have written. */
  readonly demanded?: WriteCondition | undefined;
  /** It would have changed nothing. */
  readonly reads?: boolean | undefined;
  /** It asked for an object. */
  readonly readsObject?: boolean | undefined;
}

/** `create`: nothing may be there; `replace`: exactly this version must be. */
export type WriteCondition = "create" | "replace";

/** No answer came, or none that could be read. */
export class S3ConnectionError extends Error {
  override readonly name = "S3ConnectionError";
  /** Whether the service may have done the work all the same. */
  readonly applied: "unknown" | undefined;

  constructor(cause: unknown, applied: "unknown" | undefined) {
    super("no answer", { cause });
    this.applied = applied;
  }
}

function errorDocument(body: string): XmlElement | undefined {
  if (!body.includes("<Error")) return undefined;
  try {
    return parseXml(body, "Error");
  } catch {
    return undefined;
  }
}
