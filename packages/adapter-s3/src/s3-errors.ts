import { StorageError, type StorageErrorCode } from "@bucketferry/storage-core";
import type { Verdict } from "@bucketferry/storage-core/provider";
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

/** What a failure in the middle of an object's body is: a body that ended early, unless it only stood still. */
export function bodyError(error: unknown): StorageError {
  const { code, says, hint } = connectionRow(error);
  return code === "Timeout"
    ? new StorageError(code, says, { hint, cause: error })
    : new StorageError("IncompleteBody", `the body ended early: ${says}`, { cause: error });
}

interface Judgement extends Pick<Verdict, "code" | "persistence" | "hint" | "applied"> {
  /** What happened, in our words; the service's own follow. */
  readonly says: string;
}

interface StatusRow {
  /** When the error has another code or none. */
  readonly otherwise: Judgement;
  readonly codes?: Readonly<Record<string, Judgement>>;
}

const WRONG_REGION: Judgement = {
  code: "InvalidConfig",
  says: "the bucket is in another region",
  hint: "Set region to that of the bucket, and endpoint to that of the region",
};
const CLOCK: Judgement = {
  code: "Unauthenticated",
  persistence: "temporary",
  says: "the clock of this machine differs too much from the service's",
  hint: "Synchronise the clock of this machine (NTP)",
};
const SIGNATURE: Judgement = {
  code: "Unauthenticated",
  says: "the signature does not fit: the secret key is not the access key's",
  hint: "Check secretAccessKey for missing characters, and that the region is the bucket's",
};
const UNKNOWN_KEY: Judgement = {
  code: "Unauthenticated",
  says: "the service does not know the access key",
  hint: "Check accessKeyId, and that endpoint is the service that issued it",
};
const EXPIRED: Judgement = {
  code: "Unauthenticated",
  says: "the credentials have expired",
  hint: "Get new temporary credentials, or pass a function as credentials",
};
const BUSY: Judgement = { code: "RateLimited", says: "the service asks to slow down" };
const DOWN: Judgement = { code: "Unavailable", says: "the service has an error of its own" };
/** The request reached the service's inside, so it may have been done. */
const BROKEN: Judgement = { ...DOWN, applied: "unknown" };
const DAMAGED: Judgement = {
  code: "ChecksumMismatch",
  says: "the bytes that arrived are not the bytes that were announced",
};
const MISSING: Judgement = { code: "NotFound", says: "there is no such object" };
const BAD_KEY: Judgement = { code: "InvalidKey", says: "the service does not take this key" };
const BAD_REQUEST: Judgement = { code: "InvalidArgument", says: "the service refuses the request" };
const UNSUPPORTED: Judgement = { code: "Unsupported", says: "the service does not offer this" };
const CONFLICT: Judgement = { code: "Conflict", says: "another request is changing the same object" };
const OVER_QUOTA: Judgement = { code: "QuotaExceeded", says: "the storage is full or the quota is used up" };

/** Status first, code second: some services leave the code out, and the answer to a HEAD never has one. */
const BY_STATUS: Readonly<Record<number, StatusRow>> = {
  301: { otherwise: WRONG_REGION },
  304: { otherwise: { code: "NotModified", says: "the object is the one that is known already" } },
  307: { otherwise: { code: "Unavailable", says: "the service redirects for a while, as it does for a new bucket" } },
  400: {
    otherwise: BAD_REQUEST,
    codes: {
      AuthorizationHeaderMalformed: WRONG_REGION,
      IllegalLocationConstraintException: WRONG_REGION,
      InvalidLocationConstraint: WRONG_REGION,
      InvalidRegion: WRONG_REGION,
      ExpiredToken: EXPIRED,
      InvalidToken: EXPIRED,
      TokenRefreshRequired: EXPIRED,
      InvalidAccessKeyId: UNKNOWN_KEY,
      RequestTimeTooSkewed: CLOCK,
      RequestExpired: CLOCK,
      BadDigest: DAMAGED,
      InvalidDigest: DAMAGED,
      InvalidChecksum: DAMAGED,
      XAmzContentChecksumMismatch: DAMAGED,
      XAmzContentSHA256Mismatch: DAMAGED,
      IncompleteBody: {
        code: "IncompleteBody",
        says: "the service received another number of bytes than was announced",
      },
      RequestTimeout: { code: "Timeout", says: "the service waited in vain for the body" },
      SlowDown: BUSY,
      EntityTooLarge: { code: "TooLarge", says: "the body is larger than the service takes" },
      EntityTooSmall: {
        code: "InvalidArgument",
        says: "a part that is not the last is smaller than the service takes",
      },
      InvalidPart: { code: "InvalidArgument", says: "a part is missing or has another ETag" },
      InvalidPartOrder: { code: "InvalidArgument", says: "the parts are not in the order of their numbers" },
      KeyTooLong: BAD_KEY,
      KeyTooLongError: BAD_KEY,
      InvalidKey: BAD_KEY,
      InvalidObjectName: BAD_KEY,
      InvalidURI: BAD_KEY,
      XMinioInvalidObjectName: BAD_KEY,
      XMinioParentIsObject: BAD_KEY,
      InvalidBucketName: { code: "InvalidConfig", says: "the name of the bucket is not valid" },
      InvalidRange: { code: "InvalidRange", says: "the range is outside of the object" },
      NoSuchVersion: MISSING,
      InvalidRequest: BAD_REQUEST,
      QuotaExceeded: OVER_QUOTA,
      AccessControlListNotSupported: UNSUPPORTED,
    },
  },
  401: { otherwise: { code: "Unauthenticated", says: "the service wants other credentials" } },
  402: { otherwise: OVER_QUOTA },
  403: {
    otherwise: {
      code: "PermissionDenied",
      says: "these credentials are not allowed to do this",
      hint: "A missing key is reported like this too when s3:ListBucket is not allowed",
    },
    codes: {
      SignatureDoesNotMatch: SIGNATURE,
      InvalidAccessKeyId: UNKNOWN_KEY,
      InvalidSecurity: UNKNOWN_KEY,
      NotSignedUp: UNKNOWN_KEY,
      ExpiredToken: EXPIRED,
      InvalidToken: EXPIRED,
      TokenRefreshRequired: EXPIRED,
      RequestTimeTooSkewed: CLOCK,
      RequestExpired: CLOCK,
      QuotaExceeded: OVER_QUOTA,
      InvalidObjectState: {
        code: "Unsupported",
        says: "the object is archived and has to be restored before it can be read",
        hint: "Restore the object (s3:RestoreObject) or leave it out",
      },
      RequestTimeout: { code: "Timeout", says: "the service waited in vain for the body" },
    },
  },
  404: {
    otherwise: MISSING,
    codes: {
      NoSuchBucket: {
        code: "BucketNotFound",
        says: "there is no such bucket",
        hint: "Check bucket and endpoint, or let ensureBucket make it",
      },
      NoSuchUpload: { code: "NotFound", says: "there is no such upload in parts" },
    },
  },
  405: { otherwise: UNSUPPORTED },
  408: { otherwise: { code: "Timeout", says: "the service waited in vain for the request" } },
  409: {
    otherwise: CONFLICT,
    codes: {
      XMinioObjectExistsAsDirectory: BAD_KEY,
      BucketAlreadyExists: {
        code: "Conflict",
        persistence: "permanent",
        says: "somebody else has a bucket of this name",
        hint: "Choose another name: bucket names are shared by all customers of a service",
      },
    },
  },
  411: { otherwise: { code: "InvalidArgument", says: "the service wants to know the length of the body beforehand" } },
  412: { otherwise: { code: "PreconditionFailed", says: "the object is not the one that was demanded" } },
  413: { otherwise: { code: "TooLarge", says: "the body is larger than the service takes" } },
  414: { otherwise: BAD_KEY },
  416: { otherwise: { code: "InvalidRange", says: "the range is outside of the object" } },
  429: { otherwise: BUSY },
  500: { otherwise: BROKEN, codes: { SlowDown: BUSY } },
  501: { otherwise: UNSUPPORTED },
  502: { otherwise: BROKEN },
  503: {
    otherwise: DOWN,
    codes: {
      SlowDown: BUSY,
      ThrottlingException: BUSY,
      Throttling: BUSY,
      RequestLimitExceeded: BUSY,
      TooManyRequests: BUSY,
    },
  },
  504: { otherwise: { code: "Timeout", says: "a gateway waited in vain for the service", applied: "unknown" } },
  507: { otherwise: OVER_QUOTA },
};

/** Errors in the body of a 200: CopyObject and CompleteMultipartUpload answer before they are done. */
const IN_SUCCESS: StatusRow = {
  otherwise: { ...BROKEN, says: "the service began with success and ended with an error" },
  codes: { SlowDown: BUSY, ServiceUnavailable: DOWN, ...BY_STATUS[400]?.codes, ...BY_STATUS[404]?.codes },
};

const EXISTS: Judgement = { code: "AlreadyExists", says: "there is an object of this key already" };

/** A page of a gateway proves nothing about an object: what it calls missing may be there. */
const FOREIGN: Judgement = {
  code: "Unavailable",
  says: "something else than the service answered",
  hint: "Look whether a proxy, a firewall or a login page stands before the service",
};
const FOREIGN_STATUSES: ReadonlySet<number> = new Set([301, 304, 400, 404, 409, 412, 416]);

function judge(error: S3AnswerError): Judgement {
  const { status, code, foreign } = error;
  if (foreign && (status < 300 || FOREIGN_STATUSES.has(status))) return FOREIGN;
  if (status === 412 && error.request.demanded === "create") return EXISTS;
  // How Ceph tells the loser of a race of conditional puts.
  if (status === 500 && code === "UnknownError" && error.request.demanded !== undefined) return CONFLICT;
  const row = status < 300 ? IN_SUCCESS : BY_STATUS[status];
  if (row !== undefined) {
    const codes = row.codes ?? {};
    return Object.hasOwn(codes, code) ? (codes[code] ?? row.otherwise) : row.otherwise;
  }
  if (status >= 500) return BROKEN;
  if (status >= 300 && status < 400)
    return { code: "InvalidConfig", says: "the service redirects elsewhere", hint: "Correct endpoint" };
  return { code: "Unknown", says: "the service answers in a way that is not known" };
}

/** Longest piece of the service's own words that a message repeats. */
const DETAIL_LENGTH = 200;

/** Names whatever the driver's methods can throw. Pure; the clock is passed since `Retry-After` may be a date. */
export function classify(error: unknown, now: number = Date.now()): Verdict | undefined {
  if (error instanceof S3AnswerError) return answerVerdict(error, now);
  if (error instanceof S3ConnectionError) return connectionVerdict(error);
  return sdkVerdict(error, now);
}

function answerVerdict(error: S3AnswerError, now: number): Verdict {
  const { says, ...judgement } = judge(error);
  const { status, code, detail, headers, region } = error;
  // What a signature error quotes is the signed request, so nothing of the service's own words is repeated there.
  const quotes = judgement.code !== "Unauthenticated" && detail !== "" && !error.foreign;
  const words = quotes ? `: ${detail.slice(0, DETAIL_LENGTH)}` : "";
  return {
    ...judgement,
    applied: error.request.reads === true ? undefined : judgement.applied,
    message: `${says} (${status}${code === "" ? "" : ` ${code}`})${words}`,
    ...(judgement.code === "InvalidConfig" && region !== undefined ? { hint: `Set region: "${region}"` } : {}),
    status,
    requestId: headers["x-amz-request-id"],
    retryAfterMs: retryAfter(headers["retry-after"], now),
  };
}

/** RFC 9110 §10.2.3: seconds, or a date. */
export function retryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

interface ConnectionRow {
  readonly code: StorageErrorCode;
  readonly says: string;
  readonly hint?: string;
  /** The request never left, whatever else is known. */
  readonly unsent?: true;
}

const CHECK_ENDPOINT = "Check endpoint, and that the service can be reached from this machine";

/** By the code of Node, undici or OpenSSL. */
const BY_CONNECTION_CODE: Readonly<Record<string, ConnectionRow>> = {
  ECONNREFUSED: { code: "Unavailable", says: "the connection was refused", hint: CHECK_ENDPOINT, unsent: true },
  ENOTFOUND: { code: "Unavailable", says: "the host has no address", hint: CHECK_ENDPOINT, unsent: true },
  EAI_AGAIN: { code: "Unavailable", says: "the name server did not answer", unsent: true },
  EHOSTUNREACH: { code: "Unavailable", says: "the host cannot be reached", hint: CHECK_ENDPOINT, unsent: true },
  ENETUNREACH: { code: "Unavailable", says: "the network cannot be reached", hint: CHECK_ENDPOINT, unsent: true },
  ECONNRESET: { code: "Unavailable", says: "the connection was reset" },
  EPIPE: { code: "Unavailable", says: "the connection was closed" },
  ETIMEDOUT: { code: "Timeout", says: "the connection timed out" },
  UND_ERR_CONNECT_TIMEOUT: { code: "Timeout", says: "no connection in time", hint: CHECK_ENDPOINT, unsent: true },
  UND_ERR_HEADERS_TIMEOUT: { code: "Timeout", says: "no answer in time" },
  UND_ERR_BODY_TIMEOUT: { code: "Timeout", says: "the answer's body stood still for too long" },
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: {
    code: "IncompleteBody",
    says: "the answer's body has another length than announced",
  },
  UND_ERR_SOCKET: { code: "Unavailable", says: "the connection was closed before the answer was complete" },
  UND_ERR_DESTROYED: { code: "Unavailable", says: "the connection was closed", unsent: true },
  UND_ERR_CLOSED: { code: "Unavailable", says: "the connection was closed", unsent: true },
  UND_ERR_ABORTED: { code: "Unavailable", says: "the connection was given up" },
};

const TLS: ConnectionRow = {
  code: "InvalidConfig",
  says: "the certificate of the service is not trusted",
  hint: "Check endpoint; name a private authority in NODE_EXTRA_CA_CERTS",
  unsent: true,
};
const TLS_CODE = /^(ERR_TLS_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_SSL_)/;

const NO_ANSWER: ConnectionRow = { code: "Unavailable", says: "the connection failed" };

function connectionVerdict({ cause, applied }: S3ConnectionError): Verdict {
  const { code, says, hint, unsent } = connectionRow(cause);
  return { code, message: says, hint, applied: unsent === true ? undefined : applied };
}

function connectionRow(cause: unknown): ConnectionRow {
  const code = errorCode(cause);
  if (TLS_CODE.test(code)) return TLS;
  if (code.startsWith("HPE_")) return { code: "Unavailable", says: "the answer is not HTTP", hint: CHECK_ENDPOINT };
  return Object.hasOwn(BY_CONNECTION_CODE, code) ? (BY_CONNECTION_CODE[code] ?? NO_ANSWER) : timeoutRow(cause);
}

/** The SDK's handler has a name where others have a code. */
function timeoutRow(cause: unknown): ConnectionRow {
  return cause instanceof Error && cause.name === "TimeoutError"
    ? { code: "Timeout", says: "no answer in time" }
    : NO_ANSWER;
}

function errorCode(cause: unknown): string {
  if (typeof cause !== "object" || cause === null) return "";
  if ("code" in cause && typeof cause.code === "string") return cause.code;
  // Several addresses of one name fail as one AggregateError.
  if (cause instanceof AggregateError) return errorCode(cause.errors[0]);
  return "cause" in cause ? errorCode(cause.cause) : "";
}

/** An exception of the AWS SDK: its name is the code, the rest is in `$metadata` and `$response`. */
function sdkVerdict(error: unknown, now: number): Verdict | undefined {
  if (!(error instanceof Error) || !("$metadata" in error)) {
    return error instanceof Error && errorCode(error) !== ""
      ? connectionVerdict(new S3ConnectionError(error, undefined))
      : undefined;
  }
  const { httpStatusCode, requestId } = error.$metadata as { httpStatusCode?: number; requestId?: string };
  const response = "$response" in error ? (error.$response as { headers?: AnswerHeaders } | undefined) : undefined;
  if (httpStatusCode === undefined) return connectionVerdict(new S3ConnectionError(error, undefined));
  const document = `<Error><Code>${error.name === "Unknown" ? "" : error.name}</Code></Error>`;
  const headers = { "x-amz-request-id": requestId, ...response?.headers };
  return answerVerdict(new S3AnswerError(httpStatusCode, headers, document), now);
}
