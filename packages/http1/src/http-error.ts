/** What failed. Codes of Node's sockets and of TLS (`ECONNREFUSED`, `CERT_HAS_EXPIRED`, …) pass as they are, on Node's own errors. */
export type HttpErrorCode =
  /** No connection in time. Nothing was sent. */
  | "HTTP_CONNECT_TIMEOUT"
  /** The head of the answer did not come in time. */
  | "HTTP_HEADERS_TIMEOUT"
  /** The body of the answer stood still for too long. */
  | "HTTP_BODY_TIMEOUT"
  /** The connection ended before the answer was complete. */
  | "HTTP_CUT"
  /** What came is no answer in HTTP/1.1. */
  | "HTTP_BAD_ANSWER"
  /** The answer's body does not fit into the memory that was given for it. */
  | "HTTP_ANSWER_TOO_LONG"
  /** A name or value that no header can have, or a target that is none. Nothing was sent. */
  | "HTTP_INVALID_REQUEST"
  /** The request's body is not as long as its `content-length`. */
  | "HTTP_REQUEST_LENGTH"
  /** The pool was closed. */
  | "HTTP_CLOSED";

/** A failure of the protocol or of its time limits. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly code: HttpErrorCode;

  constructor(code: HttpErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
