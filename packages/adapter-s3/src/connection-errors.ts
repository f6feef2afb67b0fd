import type { StorageErrorCode } from "@bucketferry/storage-core";

/** What a failure of the transport means. */
export interface ConnectionRow {
  readonly code: StorageErrorCode;
  readonly says: string;
  readonly hint?: string;
  /** The request never left, whatever else is known. */
  readonly unsent?: true;
}

const CHECK_ENDPOINT = "Check endpoint, and that the service can be reached from this machine";

/** By the code of Node, of our own connections, or of OpenSSL. */
const BY_CONNECTION_CODE: Readonly<Record<string, ConnectionRow>> = {
  ECONNREFUSED: { code: "Unavailable", says: "the connection was refused", hint: CHECK_ENDPOINT, unsent: true },
  ENOTFOUND: { code: "Unavailable", says: "the host has no address", hint: CHECK_ENDPOINT, unsent: true },
  EAI_AGAIN: { code: "Unavailable", says: "the name server did not answer", unsent: true },
  EHOSTUNREACH: { code: "Unavailable", says: "the host cannot be reached", hint: CHECK_ENDPOINT, unsent: true },
  ENETUNREACH: { code: "Unavailable", says: "the network cannot be reached", hint: CHECK_ENDPOINT, unsent: true },
  ECONNRESET: { code: "Unavailable", says: "the connection was reset" },
  EPIPE: { code: "Unavailable", says: "the connection was closed" },
  ETIMEDOUT: { code: "Timeout", says: "the connection timed out" },
  HTTP_CONNECT_TIMEOUT: { code: "Timeout", says: "no connection in time", hint: CHECK_ENDPOINT, unsent: true },
  HTTP_HEADERS_TIMEOUT: { code: "Timeout", says: "no answer in time" },
  HTTP_BODY_TIMEOUT: { code: "Timeout", says: "the answer's body stood still for too long" },
  HTTP_CUT: { code: "Unavailable", says: "the connection was closed before the answer was complete" },
  HTTP_BAD_ANSWER: { code: "Unavailable", says: "the answer is not HTTP", hint: CHECK_ENDPOINT },
  HTTP_ANSWER_TOO_LONG: { code: "IncompleteBody", says: "the answer's body is longer than announced" },
  HTTP_REQUEST_LENGTH: { code: "IncompleteBody", says: "the body has another length than announced" },
  HTTP_INVALID_REQUEST: {
    code: "InvalidArgument",
    says: "a header of the request has characters that cannot be sent",
    unsent: true,
  },
  HTTP_CLOSED: { code: "Unavailable", says: "the connection was closed" },
};

const TLS: ConnectionRow = {
  code: "InvalidConfig",
  says: "the certificate of the service is not trusted",
  hint: "Check endpoint; name a private authority in NODE_EXTRA_CA_CERTS",
  unsent: true,
};
const TLS_CODE = /^(ERR_TLS_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_SSL_)/;

const NO_ANSWER: ConnectionRow = { code: "Unavailable", says: "the connection failed" };

/** By the code of what was thrown, or of what caused it. */
export function connectionRow(cause: unknown): ConnectionRow {
  const code = errorCode(cause);
  if (TLS_CODE.test(code)) return TLS;
  return Object.hasOwn(BY_CONNECTION_CODE, code) ? (BY_CONNECTION_CODE[code] ?? NO_ANSWER) : timeoutRow(cause);
}

/** The SDK's handler has a name where others have a code. */
function timeoutRow(cause: unknown): ConnectionRow {
  return cause instanceof Error && cause.name === "TimeoutError"
    ? { code: "Timeout", says: "no answer in time" }
    : NO_ANSWER;
}

/** Empty when there is none. */
export function errorCode(cause: unknown): string {
  if (typeof cause !== "object" || cause === null) return "";
  if ("code" in cause && typeof cause.code === "string") return cause.code;
  // Several addresses of one name fail as one AggregateError.
  if (cause instanceof AggregateError) return errorCode(cause.errors[0]);
  return "cause" in cause ? errorCode(cause.cause) : "";
}
