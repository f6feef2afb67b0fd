import type { Persistence, StorageErrorCode } from "@bucketferry/storage-core";
import { StorageError, type Verdict } from "@bucketferry/storage-core/provider";
import { AnswerError, ConnectionError, type ErrorBody } from "./answer-error.ts";

/** One row: what a failure is in the words of the contract. */
interface Meaning {
  readonly code: StorageErrorCode;
  readonly persistence?: Persistence;
  readonly message: string;
  readonly hint?: string;
}

const WRONG_URL =
  'Look at "url": the endpoint is the project\'s URL, or the base of the storage API, which ends in /storage/v1.';
const RENEW_KEY = "Copy the service role key or a secret key again from Project Settings, API keys.";

/**
 * `code` of an error body. The HTTP status says little: it is 400 for most failures, by a promise to old clients
 * (https://github.com/supabase/storage/issues/323); the codes are those of
 * https://supabase.com/docs/guides/storage/debugging/error-codes.
 */
const BY_CODE: Readonly<Record<string, Meaning>> = {
  NoSuchBucket: { code: "BucketNotFound", message: "there is no such bucket, or this key may not see it" },
  NoSuchKey: { code: "NotFound", message: "there is no such object" },
  NoSuchUpload: { code: "Unavailable", message: "the service has forgotten the upload" },
  KeyAlreadyExists: { code: "AlreadyExists", message: "the object exists already" },
  ResourceAlreadyExists: { code: "AlreadyExists", message: "the object exists already" },
  BucketAlreadyExists: { code: "AlreadyExists", message: "the bucket exists already" },
  InvalidKey: { code: "InvalidKey", message: "the service does not take this key" },
  InvalidBucketName: { code: "InvalidConfig", message: "the service does not take this bucket name" },
  InvalidMimeType: {
    code: "InvalidArgument",
    message: "the service refuses this content type",
    hint: "Allow the type in the settings of the bucket, or send another one.",
  },
  EntityTooLarge: {
    code: "TooLarge",
    message: "the object is larger than the bucket or the project allows",
    hint: "Raise the file size limit of the bucket, or of the project under Storage, Settings.",
  },
  InvalidRange: { code: "InvalidRange", message: "the object has no bytes in this range" },
  InvalidParameter: { code: "InvalidArgument", message: "the service refuses an argument" },
  MissingParameter: { code: "InvalidArgument", message: "the service misses an argument" },
  InvalidRequest: { code: "InvalidArgument", message: "the service refuses the request" },
  InvalidChecksum: { code: "ChecksumMismatch", message: "the bytes do not match their checksum" },
  InvalidJWT: { code: "Unauthenticated", message: "the key or token is not valid, or has expired", hint: RENEW_KEY },
  InvalidSignature: { code: "Unauthenticated", message: "the signature is not valid for this path" },
  InvalidUploadSignature: { code: "Unauthenticated", message: "the upload's signature is not valid" },
  SignatureDoesNotMatch: { code: "Unauthenticated", message: "the signature is not valid" },
  ExpiredToken: { code: "Unauthenticated", message: "the token has expired" },
  TenantNotFound: {
    code: "InvalidConfig",
    message: "there is no project behind this URL",
    hint: 'Look at "url"; a paused project has to be restored in the dashboard.',
  },
  AccessDenied: {
    code: "PermissionDenied",
    message: "the policies of the project do not let this key do that",
    hint: "Use the service role key, or add a policy on storage.objects.",
  },
  ResourceLocked: { code: "Conflict", message: "the object is being changed by somebody else" },
  SlowDown: { code: "RateLimited", message: "the service asks for a pause" },
  LockTimeout: { code: "Conflict", message: "the object is being changed by somebody else" },
  DatabaseTimeout: { code: "Unavailable", message: "the service's database did not answer in time" },
  DatabaseReadOnly: {
    code: "Unavailable",
    message: "the service's database takes no writes at the moment",
    hint: "A project whose disk is full is set to read only until it has room again.",
  },
  DatabaseError: { code: "Unavailable", message: "the service's database failed" },
  InternalError: { code: "Unavailable", message: "the service failed" },
  Aborted: { code: "Unavailable", message: "the service gave the request up" },
  FeatureNotEnabled: { code: "Unsupported", message: "the project does not have this feature" },
  NotSupported: { code: "Unsupported", message: "the project does not have this feature" },
  FST_ERR_BAD_URL: { code: "InvalidArgument", message: "the service cannot read the path" },
};

/**
 * What a code or status alone does not tell, by the words of the message; the first row that fits wins. Looked at
 * before the table above.
 */
const BY_MESSAGE: readonly {
  readonly in: (answer: ErrorBody, status: number) => boolean;
  readonly message: RegExp;
  readonly meaning: Meaning;
}[] = [
  {
    // Policies and broken tokens share the code AccessDenied.
    in: ({ code, statusCode }) => code === "AccessDenied" || statusCode === "403" || statusCode === "401",
    message: /\bjw[kst]|signature verification|claim|token|api ?key|authorization header/i,
    meaning: { code: "Unauthenticated", message: "the key is not valid, or has expired", hint: RENEW_KEY },
  },
  {
    in: ({ code }) => code === "InvalidRequest",
    message: /required property 'authorization'/,
    meaning: { code: "Unauthenticated", message: "the key did not reach the service", hint: RENEW_KEY },
  },
  {
    // SET ROLE to a role that the database does not know.
    in: ({ code }) => code === "DatabaseError",
    message: /\b22023\b/,
    meaning: {
      code: "Unauthenticated",
      message: "the key claims a role that the project does not have",
      hint: RENEW_KEY,
    },
  },
  {
    // In plain text, of an upload by the resumable protocol.
    in: ({ statusCode }, status) => (statusCode ?? String(status)) === "404",
    message: /^The (?:related resource does not exist|parent resource is not found)$/,
    meaning: { code: "BucketNotFound", message: "there is no such bucket" },
  },
  {
    in: ({ statusCode }) => statusCode === "404",
    message: /^Bucket not found$/,
    meaning: { code: "BucketNotFound", message: "there is no such bucket, or this key may not see it" },
  },
  {
    in: ({ statusCode }) => statusCode === "404",
    message: /^Route [A-Z]+:/,
    meaning: { code: "InvalidConfig", message: "the service does not know this route", hint: WRONG_URL },
  },
  {
    // The gateway of hosted and of self-hosted projects.
    in: (_, status) => status === 404,
    message: /^no Route matched/i,
    meaning: { code: "InvalidConfig", message: "the project's gateway does not know this route", hint: WRONG_URL },
  },
  {
    // Over S3, of a record whose bytes are gone; older servers send no code with it.
    in: ({ code, statusCode, error }) => code === undefined && statusCode === "404" && error === "Not found",
    message: /^/,
    meaning: { code: "NotFound", message: "there is no such object" },
  },
  {
    // The service lost the connection of an upload before it had the body.
    in: ({ code }) => code === "InvalidRequest",
    message: /^(?:Request stream closed before|Premature close)/,
    meaning: { code: "IncompleteBody", message: "the upload did not reach the service whole" },
  },
  {
    // The storage behind the service: its own status says nothing about this object.
    in: ({ code }) => code === "S3Error",
    message: /^(?:SlowDown|ServiceUnavailable|ThrottlingException)$/,
    meaning: { code: "RateLimited", message: "the storage behind the service asks for a pause" },
  },
  {
    in: ({ code }) => code === "S3Error",
    message: /^/,
    meaning: { code: "Unavailable", message: "the storage behind the service failed" },
  },
];

/** The plain texts of the resumable protocol, which come with honest statuses. */
const RESUMABLE: readonly { readonly status: number; readonly message: RegExp; readonly meaning: Meaning }[] = [
  {
    status: 404,
    message: /^Bucket not found/,
    meaning: { code: "BucketNotFound", message: "there is no such bucket" },
  },
  {
    status: 404,
    message: /^The file for this url was not found/,
    meaning: { code: "Unavailable", message: "the service has forgotten the upload" },
  },
  {
    status: 410,
    message: /^/,
    meaning: { code: "Unavailable", message: "the service has forgotten the upload" },
  },
  {
    status: 409,
    message: /^/,
    meaning: { code: "Conflict", message: "somebody else wrote to the same key or upload meanwhile" },
  },
  {
    // `ABORTED` of the @tus/utils library: another request wants to go on with the upload.
    status: 400,
    message: /^Request aborted due to lock/,
    meaning: { code: "Conflict", message: "another request has taken the upload over" },
  },
  {
    status: 400,
    message: /^Invalid key/,
    meaning: { code: "InvalidKey", message: "the service does not take this key" },
  },
  {
    status: 423,
    message: /^/,
    meaning: { code: "Conflict", message: "the upload is locked by another request" },
  },
];

/** `statusCode` of the body, else the HTTP status. A bare 404 does not say that an object is missing: a gateway says it too. */
const BY_STATUS: Readonly<Record<number, Meaning>> = {
  304: { code: "NotModified", message: "the object has not changed" },
  400: { code: "InvalidArgument", message: "the service refuses the request" },
  401: { code: "Unauthenticated", message: "the key is missing or not valid", hint: RENEW_KEY },
  402: { code: "QuotaExceeded", message: "the project is over its quota" },
  403: { code: "PermissionDenied", message: "the service or a gateway before it refuses this" },
  404: { code: "BucketNotFound", message: "nothing at this address knows of the bucket", hint: WRONG_URL },
  405: { code: "Unsupported", message: "the service does not know this method" },
  408: { code: "Timeout", message: "the service waited too long for the request" },
  409: { code: "Conflict", message: "somebody else changed the same thing" },
  410: { code: "Unavailable", message: "what the request refers to is gone" },
  411: { code: "InvalidArgument", message: "the service demands a length" },
  412: { code: "PreconditionFailed", message: "a condition of the request failed" },
  413: { code: "TooLarge", message: "the object is larger than the service or a gateway before it allows" },
  415: { code: "InvalidArgument", message: "the service refuses this content type" },
  416: { code: "InvalidRange", message: "the object has no bytes in this range" },
  // Of a content type that the bucket does not allow, before that became 415.
  422: { code: "InvalidArgument", message: "the service refuses this content type" },
  423: { code: "Conflict", message: "the object is being changed by somebody else" },
  429: { code: "RateLimited", message: "the service asks for a pause" },
  431: {
    code: "InvalidArgument",
    message: "the request's headers are too large",
    hint: "Send less metadata: it travels in a header.",
  },
  501: { code: "Unsupported", message: "the service does not offer this" },
  504: { code: "Timeout", message: "a gateway before the service gave up waiting" },
  // Of Supabase itself, beside 402: https://supabase.com/docs/guides/platform/http-status-codes
  540: {
    code: "InvalidConfig",
    message: "the project is paused",
    hint: "Restore it in the dashboard.",
  },
  // Its database took too long.
  544: { code: "Unavailable", message: "the service's database did not answer in time" },
};

const FAILED: Meaning = { code: "Unavailable", message: "the service failed" };
const REDIRECTED: Meaning = {
  code: "InvalidConfig",
  message: "the service redirects to another address, where the key is not sent",
  hint: 'Put the address that it redirects to into "url".',
};
/** A success that cannot be read: cut on its way, or made by something before the service. */
const DAMAGED: Meaning = { code: "Unavailable", message: "the service's answer arrived damaged, or is not its own" };
const ODD: Meaning = { code: "Unknown", message: "the service gave an answer that makes no sense here" };

/** Codes of Node and of undici: https://undici.nodejs.org/#/docs/api/Errors. */
const BY_CONNECTION: Readonly<Record<string, Meaning>> = {
  UND_ERR_CONNECT_TIMEOUT: { code: "Timeout", message: "the service could not be reached in time" },
  UND_ERR_HEADERS_TIMEOUT: { code: "Timeout", message: "the service did not answer in time" },
  UND_ERR_BODY_TIMEOUT: { code: "Timeout", message: "the service stopped in the middle of its answer" },
  ETIMEDOUT: { code: "Timeout", message: "the service could not be reached in time" },
  ENOTFOUND: { code: "Unavailable", message: "the service's host name has no address", hint: 'Look at "url".' },
  ECONNREFUSED: { code: "Unavailable", message: "nothing listens at the service's address", hint: 'Look at "url".' },
  UND_ERR_INVALID_ARG: { code: "InvalidArgument", message: "a header of the request cannot be sent" },
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: {
    code: "IncompleteBody",
    message: "the body has another length than announced",
  },
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: {
    code: "IncompleteBody",
    message: "the body has another length than announced",
  },
};

const CERTIFICATE = /CERT|ALTNAME|SELF_SIGNED|UNABLE_TO_VERIFY/;

/** Names any failure of a request to the service. Pure. */
export function classify(error: unknown): Verdict | undefined {
  if (error instanceof AnswerError) return answerVerdict(error);
  if (error instanceof ConnectionError) return connectionVerdict(error);
  return undefined;
}

/** The failure in the contract's shape, where it cannot be left to whoever catches it; undefined for a stranger's. */
export function storageErrorOf(error: unknown): StorageError | undefined {
  if (error instanceof StorageError) return error;
  const verdict = classify(error);
  if (verdict === undefined) return undefined;
  const { code, message, ...details } = verdict;
  return new StorageError(code, message, { ...details, cause: error });
}

/**
 * The failure of a write that overwrites whatever is there: it can only meet an object when somebody else makes it at
 * the same moment.
 */
export function failureOfOverwrite(error: unknown): unknown {
  const failure = error instanceof AnswerError ? storageErrorOf(error) : undefined;
  if (failure?.code !== "AlreadyExists") return error;
  return new StorageError("Conflict", "somebody else wrote to the same key at the same moment", {
    status: failure.status,
    requestId: failure.requestId,
    cause: error,
  });
}

/** A definite "this object is not there". */
export function saysNoSuchKey(error: unknown): boolean {
  return error instanceof AnswerError && meaningOf(error).code === "NotFound";
}

/** A success without a readable body. */
export function saysDamaged(error: unknown): error is AnswerError {
  return error instanceof AnswerError && meaningOf(error) === DAMAGED;
}

/** A definite "this bucket is not there, or not for you to see". */
export function saysNoSuchBucket(error: unknown): boolean {
  if (!(error instanceof AnswerError)) return false;
  const meaning = meaningOf(error);
  return meaning.code === "BucketNotFound" && meaning !== BY_STATUS[404];
}

/**
 * What a listing gets of a server from before this kind of listing, which takes the path for an upload into a bucket
 * `list-v2`, or of a project whose database was never brought up to it. A bucket that is missing lists as empty.
 */
export function saysNoFlatListing(error: unknown): boolean {
  if (!(error instanceof AnswerError)) return false;
  return saysNoSuchBucket(error) || error.answer.message?.startsWith("This feature is not available") === true;
}

/** How many keys one removal may name, as the service said when it refused more. */
export function removalLimitIn(error: unknown): number | undefined {
  const said = error instanceof AnswerError ? (error.answer.message ?? "") : "";
  const limit = Number(/limited to (\d{1,6}) objects per request/.exec(said)?.[1]);
  return limit > 0 ? limit : undefined;
}

function answerVerdict(error: AnswerError): Verdict {
  const { code, message, persistence, hint } = meaningOf(error);
  const said = error.answer.message;
  return {
    code,
    // The service's own words help only where ours leave the reason open.
    message: said === undefined || code === "NotFound" ? message : `${message} ("${said}")`,
    persistence,
    hint,
    status: error.status,
    requestId: error.requestId,
    retryAfterMs: error.retryAfterMs,
  };
}

function meaningOf({ status, answer }: AnswerError): Meaning {
  const said = answer.message ?? "";
  for (const row of BY_MESSAGE) {
    if (row.in(answer, status) && row.message.test(said)) return row.meaning;
  }
  const byCode = answer.code === undefined ? undefined : BY_CODE[answer.code];
  if (byCode !== undefined) return byCode;
  if (answer.statusCode === undefined) {
    const row = RESUMABLE.find((one) => one.status === status && one.message.test(said) && said !== "");
    if (row !== undefined) return row.meaning;
  }
  return byStatus(Number(answer.statusCode)) ?? byStatus(status) ?? ODD;
}

function byStatus(status: number): Meaning | undefined {
  const row = BY_STATUS[status];
  if (row !== undefined) return row;
  if (status >= 500) return FAILED;
  if (status >= 200 && status < 300) return DAMAGED;
  return status >= 300 && status < 400 ? REDIRECTED : undefined;
}

function connectionVerdict({ code = "", stage, writes, message }: ConnectionError): Verdict {
  const meaning = BY_CONNECTION[code] ?? otherConnectionMeaning(code, stage, message);
  return { ...meaning, applied: stage === "connect" ? false : writes ? "unknown" : undefined };
}

function otherConnectionMeaning(code: string, stage: ConnectionError["stage"], message: string): Meaning {
  if (CERTIFICATE.test(code)) {
    return {
      code: "InvalidConfig",
      message: `the service's certificate is not trusted (${code})`,
      hint: 'Look at "url"; for a certificate of your own set NODE_EXTRA_CA_CERTS.',
    };
  }
  if (stage === "body") return { code: "IncompleteBody", message: "the connection ended in the middle of the body" };
  return { code: "Unavailable", message: code === "" ? message : `${message} (${code})` };
}
